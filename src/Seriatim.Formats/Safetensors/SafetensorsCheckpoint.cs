using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Seriatim.Formats;

/// <summary>
/// The weights of a model folder in the Hugging Face layout: one <c>model.safetensors</c>, or shards listed by
/// <c>model.safetensors.index.json</c>. Tensors are looked up without knowing their shard.
/// </summary>
public sealed unsafe class SafetensorsCheckpoint : IDisposable
{
    /// <summary>Name of the weights when they are one file.</summary>
    public const string SingleFileName = "model.safetensors";

    /// <summary>Name of the list of shards.</summary>
    public const string IndexFileName = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsEntry> _byName = new(StringComparer.Ordinal);
    private readonly List<SafetensorsEntry> _entries = [];

    private SafetensorsCheckpoint(string folder)
    {
        Folder = folder;
    }

    /// <summary>The folder (or single file) given to <see cref="Open"/>.</summary>
    public string Folder { get; }

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>All tensors: file by file, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _entries;

    /// <summary>Opens a model folder, or a single safetensors file. If a folder has both layouts, the single file wins.</summary>
    /// <exception cref="ModelFormatException">
    /// There are no weights; a file is not well formed; the index names a shard or a tensor that does not exist; a shard holds
    /// a tensor the index does not give to it; a shard's name leads out of the folder.
    /// </exception>
    public static SafetensorsCheckpoint Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var checkpoint = new SafetensorsCheckpoint(folder);
        try
        {
            checkpoint.OpenFiles();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Looks a tensor up by name in all shards.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="ModelFormatException">No shard has such a tensor.</exception>
    public SafetensorsEntry this[string name] => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new ModelFormatException(
            Folder,
            $"has no tensor {ModelFormatException.Quote(name)} among the {_entries.Count} in its {_files.Count} file(s).",
            "The weights belong to another model, or the name is misspelt.");

    /// <inheritdoc cref="SafetensorsFile.Bytes"/>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry) => Owner(entry).Bytes(entry);

    /// <inheritdoc cref="SafetensorsFile.Pointer"/>
    public byte* Pointer(SafetensorsEntry entry) => Owner(entry).Pointer(entry);

    /// <inheritdoc cref="SafetensorsFile.ReadF32(SafetensorsEntry, Span{float})"/>
    public void ReadF32(SafetensorsEntry entry, Span<float> destination) => Owner(entry).ReadF32(entry, destination);

    /// <inheritdoc cref="SafetensorsFile.ReadF32(SafetensorsEntry)"/>
    public float[] ReadF32(SafetensorsEntry entry) => Owner(entry).ReadF32(entry);

    /// <inheritdoc cref="SafetensorsFile.ReadI64(SafetensorsEntry, Span{long})"/>
    public void ReadI64(SafetensorsEntry entry, Span<long> destination) => Owner(entry).ReadI64(entry, destination);

    /// <inheritdoc cref="SafetensorsFile.ReadI32(SafetensorsEntry, Span{int})"/>
    public void ReadI32(SafetensorsEntry entry, Span<int> destination) => Owner(entry).ReadI32(entry, destination);

    /// <summary>Unmaps every file.</summary>
    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private void OpenFiles()
    {
        var single = Path.Combine(Folder, SingleFileName);
        var index = Path.Combine(Folder, IndexFileName);
        if (File.Exists(Folder))
            AddFile(SafetensorsFile.Open(Folder));
        else if (File.Exists(single))
            AddFile(SafetensorsFile.Open(single));
        else if (File.Exists(index))
            OpenShards(index);
        else if (Directory.Exists(Folder))
            throw new ModelFormatException(
                Folder,
                $"holds neither {SingleFileName} nor {IndexFileName}.",
                "Download the weights, or convert them to safetensors.");
        else
            throw new ModelFormatException(Folder, "no such folder.", "Check the path.");
    }

    private void OpenShards(string index)
    {
        var shardOf = ReadIndex(index);
        foreach (var shard in shardOf.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var path = Path.Combine(Folder, shard);
            if (!File.Exists(path))
            {
                var missing = shardOf.First(pair => pair.Value == shard).Key;
                throw new ModelFormatException(
                    index,
                    $"names shard {ModelFormatException.Quote(shard)} (for tensor {ModelFormatException.Quote(missing)}), "
                    + "which is not in the folder.",
                    "Download every shard.");
            }
            AddFile(SafetensorsFile.Open(path));
        }
        foreach (var (name, shard) in shardOf)
        {
            if (!_byName.ContainsKey(name))
            {
                throw new ModelFormatException(
                    index,
                    $"places tensor {ModelFormatException.Quote(name)} in {ModelFormatException.Quote(shard)}, "
                    + "which does not hold it.",
                    "Index and shards are of different versions; download all again.");
            }
        }
        foreach (var entry in _entries)
        {
            var holder = Path.GetFileName(entry.File.Path);
            if (!shardOf.TryGetValue(entry.Name, out var named) || named != holder)
            {
                throw new ModelFormatException(
                    index,
                    $"places tensor {ModelFormatException.Quote(entry.Name)} in {(named is null ? "no shard" : named)}, "
                    + $"but {holder} holds it.",
                    "Index and shards are of different versions; download all again.");
            }
        }
    }

    private void AddFile(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var entry in file.Entries)
        {
            if (!_byName.TryAdd(entry.Name, entry))
            {
                throw new ModelFormatException(
                    file.Path,
                    $"holds tensor {ModelFormatException.Quote(entry.Name)}, and so does {_byName[entry.Name].File.Path}.",
                    "A tensor must live in one shard; download all shards again.");
            }
            _entries.Add(entry);
        }
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        const string Advice = "Download the index again.";
        using var document = LenientJson.Parse(index);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException(index, "has no object 'weight_map'.", Advice);
        var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in map.EnumerateObject())
        {
            var shard = pair.Value.ValueKind == JsonValueKind.String ? pair.Value.GetString()! : "";
            if (shard is "" or "." or ".." || shard.AsSpan().ContainsAny('/', '\\', '\0'))
            {
                throw new ModelFormatException(
                    index,
                    $"gives tensor {ModelFormatException.Quote(pair.Name)} the shard {ModelFormatException.Quote(shard)}, "
                    + "which is not the name of a file in the same folder.",
                    Advice);
            }
            shardOf.Add(pair.Name, shard);
        }
        if (shardOf.Count == 0)
            throw new ModelFormatException(index, "lists no tensor in 'weight_map'.", Advice);
        return shardOf;
    }

    private static SafetensorsFile Owner(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.File;
    }
}
