namespace Seriatim;

/// <summary>
/// Finds models by what people call them: a folder, a file in one, the name of a built-in model or of one in ollama's store, or a
/// hub id <c>owner/name[@revision][:tag]</c>, which is fetched once into the cache that the Hugging Face libraries share. The tag
/// picks a GGUF file (<c>Q4_K_M</c>, or its name).
/// </summary>
public sealed partial class ModelHub
{
    private readonly ModelHubOptions _options;

    /// <summary>Makes a hub; nothing is read or sent yet.</summary>
    /// <param name="options">Places; null: as the environment says.</param>
    public ModelHub(ModelHubOptions? options = null) => _options = options ?? new ModelHubOptions();

    /// <summary>
    /// Names of the built-in models: the folders in <c>models</c> beside the program, or
    /// in the folder that SERIATIM_MODELS names.
    /// </summary>
    public IReadOnlyList<string> BuiltIn => LocalModels.BuiltIn();

    /// <summary>
    /// The folder of a model, or its GGUF file. Tried in this order: a folder or file of that path, a
    /// built-in name, a name in ollama's store, the cache, the hub. What is whole in the cache is used
    /// without asking the hub; <see cref="PullAsync"/> asks.
    /// </summary>
    /// <param name="name">What the user calls it.</param>
    /// <param name="progress">Told how far a download is.</param>
    /// <param name="cancellationToken">Breaks a download off; it can go on later.</param>
    /// <exception cref="InvalidModelNameException">The name can be none of these.</exception>
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="DownloadException">The download failed; what has arrived is kept.</exception>
    /// <exception cref="CorruptedDownloadException">What arrived is not what the hub promised.</exception>
    /// <exception cref="DiskFullException">There is no room for it.</exception>
    public async Task<string> ResolveAsync(string name, IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (LocalModels.Find(name, _options) is { } local)
            return local;
        HubId id = Parse(name);
        var cache = new HubCache(_options.Cache, id);
        if (cache.Find(out _) is { } cached)
            return cached;
        try
        {
            return await FetchAsync(id, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (DownloadException) when (cache.Find(out _, anyGguf: true) is not null)
        {
            return cache.Find(out _, anyGguf: true)!;
        }
    }

    /// <summary>
    /// What there is to say before the hub is asked for a name that could have been meant
    /// as a folder; null: it will not be asked.
    /// </summary>
    /// <param name="name">What the user calls it.</param>
    internal string? NoticeOf(string name) =>
        !_options.IsOffline && LocalModels.Find(name, _options) is null && HubId.TryParse(name, out HubId id)
            && new HubCache(_options.Cache, id).Find(out _) is null
            ? $"{LocalModels.NotFound(id)} Asking {_options.Base} for it."
            : null;

    /// <summary>Asks the hub for a model and fetches what is missing or has changed.</summary>
    /// <param name="id">A hub id, <c>owner/name[@revision][:tag]</c>.</param>
    /// <param name="progress">Told how far the download is.</param>
    /// <param name="cancellationToken">Breaks it off; it can go on later.</param>
    /// <returns>The folder of the model in the cache, or its GGUF file.</returns>
    /// <exception cref="ModelHubException">As <see cref="ResolveAsync"/>.</exception>
    public async Task<string> PullAsync(string id, IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        return await FetchAsync(Parse(id), progress, cancellationToken).ConfigureAwait(false);
    }

    private HubId Parse(string name)
    {
        if (HubId.TryParse(name, out HubId id))
            return id;
        string builtIn = BuiltIn is { Count: > 0 } names ? $"a built-in model ({string.Join(", ", names)})"
            : "a built-in model (there is none: the package Seriatim.BuiltInModels brings them)";
        throw new InvalidModelNameException(
            $"{name}: there is no such folder. Give a folder that holds config.json and model.safetensors, {builtIn}, or a hub "
                + $"id ({HubId.Rules}).");
    }

    private async Task<string> FetchAsync(HubId id, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var cache = new HubCache(_options.Cache, id);
        if (_options.IsOffline)
        {
            return cache.Find(out string problem, anyGguf: true) ?? throw new ModelNotFoundException(problem.Length > 0
                ? $"{id}: {problem}, and HF_HUB_OFFLINE forbids to fetch the rest. Unset HF_HUB_OFFLINE, or give a folder."
                : $"{LocalModels.NotFound(id)} It is not in the cache ({_options.Cache}), and HF_HUB_OFFLINE forbids to fetch "
                    + "it. Unset HF_HUB_OFFLINE, or give a folder.");
        }

        var last = new DownloadProgress { File = "", Done = 0, Total = 0 };
        void Report(DownloadProgress now) => progress?.Report(last = now);
        using var client = new HubClient(_options, pause => progress?.Report(last with { Pause = pause }));
        (string commit, IReadOnlyList<HubFile> files, ModelFiles picked) = await ListAsync(client, id,
            cancellationToken).ConfigureAwait(false);
        CheckRoom(cache, files);
        cache.Prepare();
        var download = new BlobDownload(client, cache, id, commit, _options);
        long total = files.Sum(file => file.Size), done = 0;
        foreach (HubFile file in files)
        {
            long before = done;
            if (!cache.HasBlob(file))
            {
                await download.RunAsync(
                    file,
                    bytes => Report(new DownloadProgress { File = file.Name, Done = before + bytes, Total = total }),
                    cancellationToken).ConfigureAwait(false);
            }
            done += file.Size;
            Report(new DownloadProgress { File = file.Name, Done = done, Total = total });
        }

        return picked.PathIn(cache.Complete(commit, files));
    }

    private async Task<(string Commit, IReadOnlyList<HubFile> Files, ModelFiles Picked)> ListAsync(HubClient client, HubId id,
        CancellationToken cancellationToken)
    {
        ModelFiles? picked = null;
        try
        {
            (string commit, IReadOnlyList<HubFile> files) = await client.ListAsync(id, names =>
            {
                picked = ModelFilePicker.Pick(names, id.Tag, out string problem)
                    ?? throw new ModelNotFoundException($"{id}: {problem}.");
                return picked.Names;
            }, cancellationToken).ConfigureAwait(false);
            return (commit, files, picked!);
        }
        catch (HttpRequestException failure)
        {
            throw new DownloadException($"{LocalModels.NotFound(id)} The hub at {_options.Base} cannot be reached "
                + $"({failure.Message}). Check the connection or HF_ENDPOINT, or give a folder that holds config.json.", failure);
        }
        catch (TimeoutException failure)
        {
            throw new DownloadException(
                $"{id}: the hub at {_options.Base} has not answered for {_options.Timeout.TotalSeconds} s. Try again later.",
                failure);
        }
    }

    private void CheckRoom(HubCache cache, IReadOnlyList<HubFile> files)
    {
        Directory.CreateDirectory(_options.Cache);
        long needed = files.Where(file => !cache.HasBlob(file))
            .Sum(file => file.Size
                - (new FileInfo(cache.PartPath(file)) is { Exists: true } part ? Math.Min(part.Length, file.Size) : 0));
        long available = _options.FreeSpace(_options.Cache);
        if (needed > available)
            throw new DiskFullException(_options.Cache, needed, available);
    }
}
