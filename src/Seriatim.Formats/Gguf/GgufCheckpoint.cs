using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Seriatim.Formats;

/// <summary>
/// A model in one GGUF file or split over several (<c>name-00001-of-00003.gguf</c>, keys <c>split.no</c>, <c>split.count</c> and
/// <c>split.tensors.count</c>). Tensors are looked up without knowing their file.
/// </summary>
public sealed unsafe partial class GgufCheckpoint : IDisposable
{
    private const string NumberKey = "split.no";
    private const string CountKey = "split.count";
    private const string TensorCountKey = "split.tensors.count";
    private const string Advice = "Put all files of one split side by side, under their original names.";

    private readonly List<GgufFile> _files = [];
    private readonly List<GgufEntry> _entries = [];
    private readonly Dictionary<string, GgufEntry> _byName = new(StringComparer.Ordinal);

    private GgufCheckpoint(string path)
    {
        Path = path;
    }

    /// <summary>The path given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>The files, first to last.</summary>
    public IReadOnlyList<GgufFile> Files => _files;

    /// <summary>All tensors: file by file, in the order of the tables.</summary>
    public IReadOnlyList<GgufEntry> Entries => _entries;

    /// <summary>Metadata of the first file, which describes the model.</summary>
    public IReadOnlyDictionary<string, object> Metadata => _files[0].Metadata;

    /// <summary>Opens a GGUF file and, if it is one of a split, all the others.</summary>
    /// <param name="path">The file, or any file of the split.</param>
    /// <exception cref="ModelFormatException">
    /// A file is missing or not well formed; the files disagree about their number; a tensor is in two files, or there are not
    /// as many as announced.
    /// </exception>
    public static GgufCheckpoint Open(string path)
    {
        var checkpoint = new GgufCheckpoint(path);
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

    /// <summary>Looks a tensor up by name in all files.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out GgufEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="ModelFormatException">No file has such a tensor.</exception>
    public GgufEntry this[string name] => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new ModelFormatException(
            Path,
            $"has no tensor {ModelFormatException.Quote(name)} among the {_entries.Count} in its {_files.Count} file(s).",
            "The file belongs to another model, or the name is misspelt.");

    /// <inheritdoc cref="GgufFile.Bytes"/>
    public ReadOnlySpan<byte> Bytes(GgufEntry entry) => Owner(entry).Bytes(entry);

    /// <inheritdoc cref="GgufFile.Pointer"/>
    public byte* Pointer(GgufEntry entry) => Owner(entry).Pointer(entry);

    /// <summary>Unmaps every file.</summary>
    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private void OpenFiles()
    {
        var named = GgufFile.Open(Path);
        _files.Add(named);
        var count = SplitKey(named, CountKey, otherwise: 1);
        if (count > 1)
            OpenSplit(named, count);
        foreach (var file in _files)
            AddTensors(file);
        var announced = SplitKey(_files[0], TensorCountKey, _entries.Count);
        if (announced != _entries.Count)
        {
            throw new ModelFormatException(
                Path,
                $"'{TensorCountKey}' is {announced}, but the {_files.Count} file(s) hold {_entries.Count} tensors.",
                Advice);
        }
    }

    private void OpenSplit(GgufFile named, long count)
    {
        var number = SplitKey(named, NumberKey, otherwise: -1);
        var match = SplitName().Match(Path);
        if (!match.Success || number >= count || Parse(match, "no") != number + 1 || Parse(match, "count") != count)
        {
            throw new ModelFormatException(
                Path,
                $"is file {number + 1} of a split of {count} by its metadata; its name must end in "
                + $"-{number + 1:00000}-of-{count:00000}.gguf for the others to be found.",
                Advice);
        }
        for (var i = 0; i < count; i++)
        {
            if (i == number)
                continue;
            var file = GgufFile.Open($"{match.Groups["stem"].Value}-{i + 1:00000}-of-{count:00000}.gguf");
            _files.Insert(i, file);
            var (no, of) = (SplitKey(file, NumberKey, -1), SplitKey(file, CountKey, 1));
            if (no != i || of != count)
            {
                throw new ModelFormatException(
                    file.Path, $"is file {no + 1} of {of} by its metadata, but file {i + 1} of {count} by its name.", Advice);
            }
        }
    }

    private void AddTensors(GgufFile file)
    {
        foreach (var entry in file.Entries)
        {
            if (!_byName.TryAdd(entry.Name, entry))
            {
                throw new ModelFormatException(
                    file.Path,
                    $"holds tensor {ModelFormatException.Quote(entry.Name)}, and so does {_byName[entry.Name].File.Path}.",
                    Advice);
            }
            _entries.Add(entry);
        }
    }

    // llama.cpp writes 16 bits for the numbers of files and 32 for tensors; others are read too.
    private static long SplitKey(GgufFile file, string key, long otherwise)
    {
        if (!file.Metadata.TryGetValue(key, out var value))
            return otherwise;
        return value switch
        {
            byte or sbyte or ushort or short or uint or int or long when Convert.ToInt64(value, CultureInfo.InvariantCulture)
                is var number and >= 0 and <= int.MaxValue => number,
            ulong and <= int.MaxValue => (long)(ulong)value,
            _ => throw new ModelFormatException(
                file.Path, $"'{key}' is {value} ({value.GetType().Name}); a number from 0 to 2^31 - 1 is expected.", Advice),
        };
    }

    private static long Parse(Match match, string group) =>
        long.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    private static GgufFile Owner(GgufEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.File;
    }

    [GeneratedRegex(
        @"^(?<stem>.*)-(?<no>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex SplitName();
}
