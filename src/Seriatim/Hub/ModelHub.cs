using System.Text.RegularExpressions;

namespace Seriatim;

/// <summary>
/// Finds models by what people call them: a folder, a file in one, the name of a built-in model, or a hub id <c>owner/name[@revision]</c>,
/// which is fetched once into the cache that the Hugging Face libraries share.
/// </summary>
public sealed partial class ModelHub
{
    private readonly ModelHubOptions _options;

    /// <summary>Makes a hub; nothing is read or sent yet.</summary>
    /// <param name="options">Places; null: as the environment says.</param>
    public ModelHub(ModelHubOptions? options = null) => _options = options ?? new ModelHubOptions();

    /// <summary>Names of the built-in models: the folders in <c>models</c> beside the program, or in the folder that SERIATIM_MODELS names.</summary>
    public IReadOnlyList<string> BuiltIn => LocalModels.BuiltIn();

    /// <summary>
    /// The folder of a model. Tried in this order: a folder or file of that path, a built-in name, the cache, the hub. What is in the cache is
    /// used without asking the hub; <see cref="PullAsync"/> asks.
    /// </summary>
    /// <param name="name">What the user calls it.</param>
    /// <param name="progress">Told how far a download is.</param>
    /// <param name="cancellationToken">Breaks a download off; it can go on later.</param>
    /// <exception cref="InvalidModelNameException">The name can be none of these.</exception>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="DownloadException">The download failed; what has arrived is kept.</exception>
    /// <exception cref="CorruptedDownloadException">What arrived is not what the hub promised.</exception>
    /// <exception cref="DiskFullException">There is no room for it.</exception>
    public async Task<string> ResolveAsync(string name, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (LocalModels.Find(name) is { } local)
            return local;
        HubId id = Parse(name);
        if (new HubCache(_options.Cache, id).FindSnapshot() is { } cached)
            return cached;
        return await FetchAsync(id, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// What there is to say before the hub is asked for a name that could have been meant as a folder; null: it will not be asked.
    /// </summary>
    /// <param name="name">What the user calls it.</param>
    public string? NoticeOf(string name) =>
        !_options.IsOffline && LocalModels.Find(name) is null && HubId.TryParse(name, out HubId id) && new HubCache(_options.Cache, id).FindSnapshot() is null
            ? $"{LocalModels.NotFound(id)} Asking {_options.Base} for it."
            : null;

    /// <summary>Asks the hub for a model and fetches what is missing or has changed.</summary>
    /// <param name="id">A hub id, <c>owner/name[@revision]</c>.</param>
    /// <param name="progress">Told how far the download is.</param>
    /// <param name="cancellationToken">Breaks it off; it can go on later.</param>
    /// <returns>The folder of the model in the cache.</returns>
    /// <exception cref="ModelHubException">As <see cref="ResolveAsync"/>.</exception>
    public Task<string> PullAsync(string id, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        return FetchAsync(Parse(id), progress, cancellationToken);
    }

    private HubId Parse(string name)
    {
        if (HubId.TryParse(name, out HubId id))
            return id;
        string builtIn = BuiltIn is { Count: > 0 } names ? $"a built-in model ({string.Join(", ", names)})"
            : "a built-in model (there is none: the package Seriatim.BuiltInModels brings them)";
        throw new InvalidModelNameException(
            $"{name}: there is no such folder. Give a folder that holds config.json and model.safetensors, {builtIn}, or a hub id ({HubId.Rules}).");
    }

    private async Task<string> FetchAsync(HubId id, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        if (_options.IsOffline)
        {
            return new HubCache(_options.Cache, id).FindSnapshot() ?? throw new ModelNotFoundException(
                $"{LocalModels.NotFound(id)} It is not in the cache ({_options.Cache}), and HF_HUB_OFFLINE forbids to fetch it. Unset HF_HUB_OFFLINE, or give a folder.");
        }

        var cache = new HubCache(_options.Cache, id);
        using var client = new HubClient(_options);
        (string commit, IReadOnlyList<HubFile> files) = await ListAsync(client, id, cancellationToken).ConfigureAwait(false);
        if (!files.Any(file => file.Name == "config.json") || !files.Any(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal)))
            throw new ModelNotFoundException($"{id}: it has no config.json with model.safetensors. Models in other formats cannot be used; look for one that has them.");
        CheckRoom(cache, files);
        cache.Prepare();
        var download = new BlobDownload(client, cache, id, commit, _options);
        long total = files.Sum(file => file.Size), done = 0;
        foreach (HubFile file in files)
        {
            long before = done;
            if (!cache.HasBlob(file))
                await download.RunAsync(file, bytes => progress?.Report(new DownloadProgress(file.Name, before + bytes, total)), cancellationToken).ConfigureAwait(false);
            done += file.Size;
            progress?.Report(new DownloadProgress(file.Name, done, total));
        }

        return cache.Complete(commit, files);
    }

    private async Task<(string Commit, IReadOnlyList<HubFile> Files)> ListAsync(HubClient client, HubId id, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Timeout);
        try
        {
            return await client.ListAsync(id, Wanted().IsMatch, limit.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException failure)
        {
            throw new DownloadException($"{LocalModels.NotFound(id)} The hub at {_options.Base} cannot be reached ({failure.Message}). Check the connection or HF_ENDPOINT, or give a folder that holds config.json.", failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DownloadException($"{id}: the hub at {_options.Base} has not answered for {_options.Timeout.TotalSeconds} s. Try again later.", failure);
        }
    }

    private void CheckRoom(HubCache cache, IReadOnlyList<HubFile> files)
    {
        Directory.CreateDirectory(_options.Cache);
        long needed = files.Where(file => !cache.HasBlob(file))
            .Sum(file => file.Size - (new FileInfo(cache.PartPath(file)) is { Exists: true } part ? Math.Min(part.Length, file.Size) : 0));
        long available = _options.FreeSpace(_options.Cache);
        if (needed > available)
            throw new DiskFullException(_options.Cache, needed, available);
    }

    /// <summary>What a model here is made of; weights of other formats, and copies of the weights in other precisions, are left where they are.</summary>
    [GeneratedRegex(@"\A(model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|(generation_|tokenizer_)?config\.json|tokenizer\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt|chat_template\.(jinja|json)|[A-Za-z0-9._-]+\.(model|spm|tiktoken)|modules\.json|config_sentence_transformers\.json|sentence_[a-z-]+_config\.json|\d+_[A-Za-z]+/(config\.json|model\.safetensors))\z")]
    private static partial Regex Wanted();
}
