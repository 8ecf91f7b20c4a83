using System.Collections;
using System.Text;

namespace Seriatim.Models;

/// <summary>
/// How the parts of a model are called in one file format: from paths such as <c>layers.*.attention.q</c> to file names such as
/// <c>model.layers.*.self_attn.q_proj</c>. Stars stand for numbers. <c>.weight</c> and <c>.bias</c> are appended, unless the
/// path with the ending has an entry of its own.
/// </summary>
public sealed class NameTable : IEnumerable<KeyValuePair<string, TensorPlace>>
{
    /// <summary>The reason not to read a tensor that holds the embedding again; a file in which it does not is refused.</summary>
    internal const string TiedCopy = "a copy of the tied embedding";

    private readonly Dictionary<string, TensorPlace> _places = [];
    private const string Layers = "layers.*.";
    private string[]? _layerPrefixes;
    private readonly List<(string Pattern, string Reason)> _waived = [("*rotary_emb.inv_freq", "computed from the config")];

    /// <summary>A prefix that files of the bare base model leave out, e.g. <c>transformer.</c>; null if there is none.</summary>
    public string? OptionalPrefix { get; private set; }

    /// <summary>Tensors that may be in a file and are not read, with the reason.</summary>
    public IReadOnlyList<(string Pattern, string Reason)> Waived => _waived;

    /// <summary>The layers that are read; null: all. What belongs to other stages of the model may be left unread.</summary>
    internal ModelStage? Stage { get; set; }

    /// <summary>Adds a part under its file name.</summary>
    public void Add(string path, string fileName) => _places.Add(path, new TensorPlace(fileName));

    /// <summary>The place of a path with stars, as it stands in the table; null: it is not there.</summary>
    internal TensorPlace? PlaceOf(string path) => _places.GetValueOrDefault(path);

    /// <summary>Takes a part out.</summary>
    internal void Remove(string path) => _places.Remove(path);

    /// <summary>Adds a part that is not a whole file tensor as it stands.</summary>
    public void Add(string path, TensorPlace place) => _places.Add(path, place);

    /// <summary>Puts a part at another place than the table has it so far.</summary>
    internal void Replace(string path, TensorPlace place) => _places[path] = place;

    /// <summary>The same names for a stack below the root: of an encoder.</summary>
    /// <param name="stack">Its path.</param>
    internal NameTable Under(string stack)
    {
        var table = new NameTable { OptionalPrefix = OptionalPrefix };
        foreach ((string path, TensorPlace place) in _places)
            table.Add(path is "embed" or "head" ? path : $"{stack}.{path}", place);
        table._waived.AddRange(_waived);
        return table;
    }

    /// <summary>Lets tensors be in a file without being read. Stars stand for anything.</summary>
    /// <returns>This table.</returns>
    public NameTable Waive(string reason, params ReadOnlySpan<string> patterns)
    {
        foreach (string pattern in patterns)
            _waived.Add((pattern, reason));
        return this;
    }

    /// <summary>Sets <see cref="OptionalPrefix"/>.</summary>
    /// <returns>This table.</returns>
    public NameTable WithOptionalPrefix(string prefix)
    {
        OptionalPrefix = prefix;
        return this;
    }

    /// <summary>The same parts under other file names.</summary>
    /// <param name="rename">The other name of a tensor, stars and all.</param>
    public NameTable Renamed(Func<string, string> rename)
    {
        var renamed = new NameTable { OptionalPrefix = OptionalPrefix is { } prefix ? rename(prefix) : null };
        foreach ((string path, TensorPlace place) in _places)
            renamed.Add(path, place with { Name = rename(place.Name) });
        foreach ((string pattern, string reason) in _waived)
            renamed.Waive(reason, rename(pattern));
        return renamed;
    }

    /// <summary>The place of a part: that of its very path, or of the path with stars for its numbers.</summary>
    /// <param name="path">The path, with numbers.</param>
    /// <param name="ending"><c>.weight</c>, <c>.bias</c>, or nothing.</param>
    /// <exception cref="InvalidOperationException">The table has no such path: an error in an architecture.</exception>
    public TensorPlace Find(string path, string ending) => TryFind(path, ending)
        ?? throw new InvalidOperationException($"The architecture's name table has no '{path}{ending}'.");

    /// <summary>As <see cref="Find"/>; null: the table has no such path.</summary>
    internal TensorPlace? TryFind(string path, string ending)
    {
        if (_places.TryGetValue(path + ending, out TensorPlace? exact))
            return exact;
        if (_places.TryGetValue(path, out exact))
            return exact with { Name = exact.Name + ending };
        string[] parts = path.Split('.');
        var numbers = new Queue<string>();
        for (int i = 0; i < parts.Length; i++)
        {
            if (char.IsAsciiDigit(parts[i][0]))
            {
                numbers.Enqueue(parts[i]);
                parts[i] = "*";
            }
        }

        string pattern = string.Join('.', parts);
        if (_places.TryGetValue(pattern + ending, out TensorPlace? place))
            place = place with { Name = Fill(place.Name, numbers) };
        else if (_places.TryGetValue(pattern, out place))
            place = place with { Name = Fill(place.Name, numbers) + ending };
        else
            return null;
        return place.Slices == 0
            ? place
            : place.OfSlice(int.Parse(numbers.Dequeue(), System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Whether a file tensor may be left unread.</summary>
    public bool IsWaived(string name) => ReasonFor(name) is not null;

    /// <summary>Why a file tensor may be left unread; null: it may not.</summary>
    internal string? ReasonFor(string name) => StageReason(name) ?? ReasonFor(_waived, name);

    /// <summary>The layer of the stack at the root that a file tensor belongs to; null: it is of none.</summary>
    internal int? LayerOf(string name)
    {
        _layerPrefixes ??=
        [
            .. _places.Where(pair => pair.Key.StartsWith(Layers, StringComparison.Ordinal)).Select(pair => pair.Value.Name)
                .Where(file => file.Contains('*', StringComparison.Ordinal))
                .Select(file => file[..file.IndexOf('*', StringComparison.Ordinal)]).Distinct(),
        ];
        foreach (string prefix in _layerPrefixes)
        {
            // Files may leave the table's optional prefix out.
            string own = OptionalPrefix is { } left && !name.StartsWith(left, StringComparison.Ordinal)
                && prefix.StartsWith(left, StringComparison.Ordinal) ? prefix[left.Length..] : prefix;
            if (!name.StartsWith(own, StringComparison.Ordinal))
                continue;
            ReadOnlySpan<char> rest = name.AsSpan(own.Length);
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (int.TryParse(digits < 0 ? rest : rest[..digits], System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture, out int layer))
                return layer;
        }

        return null;
    }

    /// <summary>Bytes of those tensors that are read.</summary>
    internal long BytesOf(IEnumerable<(string Name, long Bytes)> tensors) =>
        tensors.Where(tensor => StageReason(tensor.Name) is null).Sum(tensor => tensor.Bytes);

    /// <summary>Why a stage does not read a tensor; null: it does.</summary>
    private string? StageReason(string name) => Stage is not { } stage ? null
        : LayerOf(name) is { } layer ? stage.Has(layer) ? null : "a layer of another stage"
        : stage.IsFirst ? null : "of the first stage";

    /// <summary>The reason of the first pattern that a name matches; null: none.</summary>
    internal static string? ReasonFor(IReadOnlyList<(string Pattern, string Reason)> waived, string name)
    {
        foreach ((string pattern, string reason) in waived)
        {
            if (System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))
                return reason;
        }

        return null;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, TensorPlace>> GetEnumerator() => _places.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string Fill(string name, Queue<string> numbers)
    {
        var filled = new StringBuilder();
        foreach (char c in name)
            filled.Append(c == '*' ? numbers.Dequeue() : c);
        return filled.ToString();
    }
}
