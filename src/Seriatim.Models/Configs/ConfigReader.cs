using System.Text.Json;

namespace Seriatim.Models;

/// <summary>
/// Reads a config and records every key it was asked for. A key is read and applied, or waived with a reason, or it makes
/// <see cref="Complete"/> fail: a config that is not fully honoured never loads. A null counts as a missing key, so a key that is
/// not known does no harm if it is null.
/// </summary>
/// <remarks>Where a method takes several names, they are spellings of one key; if a config has two, they must agree.</remarks>
public sealed partial class ConfigReader
{
    private const int LargestSize = 1 << 28;

    private readonly JsonElement _root;
    private readonly string _path;
    private readonly HashSet<string> _seen = [];
    private readonly List<string> _patterns = [];
    private readonly Dictionary<string, JsonElement> _inert = [];
    private readonly List<ConfigReader> _sections = [];
    private readonly Dictionary<string, double> _trainingValues;

    /// <summary>Reads the object at the root of a config file.</summary>
    /// <param name="file">What messages call the file.</param>
    /// <param name="root">The JSON object.</param>
    /// <exception cref="UnsupportedConfigException">It is not an object.</exception>
    public ConfigReader(string file, JsonElement root)
        : this(file, root, "", [])
    {
    }

    private ConfigReader(string file, JsonElement root, string path, Dictionary<string, double> trainingValues)
    {
        (File, _root, _path, _trainingValues) = (file, root, path, trainingValues);
        if (root.ValueKind != JsonValueKind.Object)
        {
            string what = path.Length == 0 ? "the config" : path;
            throw new UnsupportedConfigException(file, [path], $"{what} is {Show(root)}; a JSON object is needed.");
        }
    }

    /// <summary>What messages call the file.</summary>
    public string File { get; }

    /// <summary>Values that matter in training alone (dropout probabilities), by key.</summary>
    public IReadOnlyDictionary<string, double> TrainingValues => _trainingValues;

    /// <summary>The keys that hold a value, in the order of the file.</summary>
    public IEnumerable<string> Keys =>
        _root.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null)
            .Select(property => property.Name);

    /// <summary>Whether the key holds a JSON object.</summary>
    public bool HasSection(string name) =>
        _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>Whether a section holds a text under a key; neither counts as read.</summary>
    internal bool HasText(string section, string name) =>
        _root.TryGetProperty(section, out JsonElement value) && value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String;

    /// <summary>A size: an integer of at least 1.</summary>
    /// <exception cref="UnsupportedConfigException">Missing, not an integer, or out of range.</exception>
    public int Size(params ReadOnlySpan<string> names) => SizeOrNull(names) ?? throw Missing(names, "a positive integer");

    /// <summary>A size, or null if the config does not have it.</summary>
    public int? SizeOrNull(params ReadOnlySpan<string> names) =>
        Find(names, out string name) is { } value ? Integer(name, value, 1) : null;

    /// <summary>Whether the config says null: that there is none, where a missing key means the usual.</summary>
    internal bool IsNull(string name) =>
        _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>A size that a null says there is none of.</summary>
    /// <param name="usual">What a missing key means.</param>
    /// <param name="name">The key.</param>
    internal int? SizeOrNone(int usual, string name) => SizeOrNull(name) ?? (IsNull(name) ? null : usual);

    /// <summary>A size times another one: refused if no tensor could be so large.</summary>
    /// <param name="name">The key of the first.</param>
    /// <param name="size">What it says.</param>
    /// <param name="times">The other.</param>
    /// <param name="of">What the other is.</param>
    /// <exception cref="UnsupportedConfigException">The product is larger than a size may be.</exception>
    internal int Product(string name, int size, long times, string of) => size * (double)times <= LargestSize
        ? (int)(size * times)
        : throw Unsupported(name, size, $"times {of} {times} that is above {LargestSize}, the largest product supported");

    /// <summary>
    /// A token id or another integer from 0, or null if the config does not have it. -1 stands for no token.
    /// </summary>
    public int? IdOrNull(string name) =>
        Find([name], out _) is { } value && !IsNoToken(name, value) ? Integer(name, value, 0) : null;

    /// <summary>One token id or a list of them; empty if the config has none.</summary>
    public int[] Ids(string name)
    {
        if (Find([name], out _) is not { } value || IsNoToken(name, value))
            return [];
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(id => Integer(name, id, 0))]
            : [Integer(name, value, 0)];
    }

    /// <summary>A number.</summary>
    /// <exception cref="UnsupportedConfigException">Missing without a fallback, or not a finite number.</exception>
    public double Number(double? fallback, params ReadOnlySpan<string> names) =>
        Find(names, out string name) is { } value ? Finite(name, value) : fallback ?? throw Missing(names, "a number");

    /// <summary>A number, or null if the config does not have it.</summary>
    public double? NumberOrNull(params ReadOnlySpan<string> names) =>
        Find(names, out string name) is { } value ? Finite(name, value) : null;

    /// <summary>A number that a null says there is none of.</summary>
    /// <param name="usual">What a missing key means.</param>
    /// <param name="name">The key.</param>
    internal double? NumberOrNone(double usual, string name) => NumberOrNull(name) ?? (IsNull(name) ? null : usual);

    /// <summary>True or false.</summary>
    public bool Flag(bool fallback, params ReadOnlySpan<string> names)
    {
        if (Find(names, out string name) is not { } value)
            return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Unsupported(name, value, "true or false is needed");
    }

    /// <summary>Whether the key holds a text.</summary>
    public bool IsText(string name) =>
        _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>A text.</summary>
    /// <exception cref="UnsupportedConfigException">Missing without a fallback, or not a string.</exception>
    public string Text(string? fallback, params ReadOnlySpan<string> names)
    {
        if (Find(names, out string name) is not { } value)
            return fallback ?? throw Missing(names, "a string");
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw Unsupported(name, value, "a string is needed");
    }

    /// <summary>Whether a key has a list.</summary>
    public bool IsList(string name) => Find([name], out _) is { ValueKind: JsonValueKind.Array };

    /// <summary>Whether a key has a number.</summary>
    internal bool IsNumber(string name) => Find([name], out _) is { ValueKind: JsonValueKind.Number };

    /// <summary>Whether a key has a list without elements.</summary>
    internal bool IsEmptyList(string name) =>
        Find([name], out _) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 0;

    /// <summary>A list of numbers of the length given.</summary>
    public double[] Numbers(string name, int length)
    {
        JsonElement value = Find([name], out _) ?? throw Missing([name], $"a list of {length} numbers");
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != length)
            throw Unsupported(name, value, $"a list of {length} numbers is needed");
        return [.. value.EnumerateArray().Select(n => Finite(name, n))];
    }

    /// <summary>Two numbers, which may be infinite.</summary>
    /// <param name="name">The key.</param>
    /// <param name="low">The first if there is no such key.</param>
    /// <param name="high">The second, likewise.</param>
    public (double Low, double High) Range(string name, double low, double high)
    {
        if (Find([name], out _) is not { } value)
            return (low, high);
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 2
            || !LenientJson.TryGetDouble(value[0], out low) || !LenientJson.TryGetDouble(value[1], out high))
            throw Unsupported(name, value, "a list of two numbers is needed");
        return (low, high);
    }

    /// <summary>A list of strings; empty if the config does not have it.</summary>
    public string[] Texts(string name)
    {
        if (Find([name], out _) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String))
            throw Unsupported(name, value, "a list of strings is needed");
        return [.. value.EnumerateArray().Select(t => t.GetString()!)];
    }

    /// <summary>
    /// An object within the config, or null if the config does not have it. Its keys are recorded likewise, whoever asks for it.
    /// </summary>
    public ConfigReader? Section(string name)
    {
        if (Find([name], out _) is not { } value)
            return null;
        if (_sections.Find(known => known._path == Full(name)) is { } before)
            return before;
        var section = new ConfigReader(File, value, Full(name), _trainingValues);
        _sections.Add(section);
        return section;
    }

    /// <summary>Probabilities that matter in training alone: kept in <see cref="TrainingValues"/>.</summary>
    public void TrainingOnly(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find([name], out _) is { } value)
                _trainingValues[name] = Finite(name, value);
        }
    }

    /// <summary>Reads the keys of dropout; a key that is missing means none.</summary>
    /// <param name="embedding">Key of the rate of <see cref="DropoutRates.Embedding"/>.</param>
    /// <param name="residual">Of <see cref="DropoutRates.Residual"/>.</param>
    /// <param name="attention">Of <see cref="DropoutRates.Attention"/>.</param>
    /// <param name="activation">Of <see cref="DropoutRates.Activation"/>.</param>
    /// <param name="final">Of <see cref="DropoutRates.Final"/>.</param>
    public DropoutRates Dropout(
        string? embedding = null, string? residual = null, string? attention = null, string? activation = null,
        string? final = null) =>
        new(Rate(embedding), Rate(residual), Rate(attention), Rate(activation), Rate(final));

    /// <summary>Lets keys stand without being applied.</summary>
    /// <param name="reason">Why that changes no result; for the reader of the code.</param>
    /// <param name="names">The keys; one that ends in a star stands for all that begin so.</param>
    public void Waive(string reason, params ReadOnlySpan<string> names)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        foreach (string name in names)
        {
            if (name.EndsWith('*'))
                _patterns.Add(name[..^1]);
            else
                _seen.Add(name);
        }
    }

    /// <summary>Lets spellings of one key stand without being applied, as long as they say the same.</summary>
    /// <param name="reason">Why that changes no result; for the reader of the code.</param>
    /// <param name="names">The spellings.</param>
    /// <exception cref="UnsupportedConfigException">Two of them say different things.</exception>
    public void WaiveAgreed(string reason, params ReadOnlySpan<string> names)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        Find(names, out _);
    }

    /// <summary>
    /// Lets keys stand at the one value at which they do nothing. At another value, if nothing else reads them, they are among
    /// those that <see cref="Complete"/> lists.
    /// </summary>
    /// <param name="reason">Why that value changes no result; for the reader of the code.</param>
    /// <param name="value">The value, as JSON.</param>
    /// <param name="names">The keys.</param>
    public void WaiveAt(string reason, string value, params ReadOnlySpan<string> names)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        using JsonDocument json = JsonDocument.Parse(value);
        foreach (string name in names)
            _inert[name] = json.RootElement.Clone();
    }

    /// <summary>Refuses a config in which a flag does not have the one value that is built.</summary>
    /// <param name="name">The key.</param>
    /// <param name="needed">The value that is built, which is also that of a missing key.</param>
    public void Only(string name, bool needed)
    {
        if (Flag(needed, name) != needed)
            throw Unsupported(name, !needed, $"only {Show(needed)} is supported");
    }

    /// <summary>Refuses a config in which a text is none of those that are built.</summary>
    public void Only(string name, string needed)
    {
        string text = Text(needed, name);
        if (text != needed)
            throw Unsupported(name, text, $"only {Show(needed)} is supported");
    }

    /// <summary>Refuses a value.</summary>
    /// <param name="name">The key.</param>
    /// <param name="value">What it says.</param>
    /// <param name="problem">What would be needed.</param>
    public UnsupportedConfigException Unsupported(string name, object? value, string problem) =>
        new(File, [Full(name)], $"{Full(name)} is {Show(value)}; {problem}.");

    /// <summary>Checks that no key is left.</summary>
    /// <exception cref="UnsupportedConfigException">Keys were neither read nor waived; the message lists all of them.</exception>
    public void Complete()
    {
        List<string> left = [];
        Collect(left);
        if (left.Count > 0)
        {
            throw new UnsupportedConfigException(File, left,
                $"unknown keys: {string.Join(", ", left)}. A model whose config is not fully honoured is not loaded; " +
                $"remove keys that change nothing, or use a version that knows them.{NewerWriter()}");
        }
    }

    /// <summary>What the program that wrote the config tells of who may know its keys; empty if nothing.</summary>
    internal string NewerWriter() => ConfigAge.Hint(_root);

    private void Collect(List<string> left)
    {
        foreach (JsonProperty property in _root.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null || _seen.Contains(property.Name)
                || _patterns.Exists(start => property.Name.StartsWith(start, StringComparison.Ordinal)))
                continue;
            if (!_inert.TryGetValue(property.Name, out JsonElement needed))
                left.Add($"{Full(property.Name)} ({Show(property.Value)})");
            else if (!Agree(property.Value, needed))
                left.Add($"{Full(property.Name)} ({Show(property.Value)}; only {Show(needed)} is supported)");
        }

        foreach (ConfigReader section in _sections)
            section.Collect(left);
    }

    private JsonElement? Find(ReadOnlySpan<string> names, out string found)
    {
        found = names[0];
        JsonElement? result = null;
        foreach (string name in names)
        {
            _seen.Add(name);
            if (!_root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                continue;
            if (result is { } other && !Agree(other, value))
                throw Unsupported(name, value, $"{Full(found)} means the same and is {Show(other)}");
            (result, found) = (value, name);
        }

        return result;
    }

    private static bool Agree(JsonElement a, JsonElement b) =>
        LenientJson.TryGetDouble(a, out double x) && LenientJson.TryGetDouble(b, out double y)
            ? x == y
            : JsonElement.DeepEquals(a, b);

    private int Integer(string name, JsonElement value, int smallest) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= smallest
            && number <= LargestSize
            ? number
            : throw Unsupported(name, value, $"an integer from {smallest} to {LargestSize} is needed");

    private static bool IsNoToken(string name, JsonElement value) => name.EndsWith("_token_id", StringComparison.Ordinal)
        && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id == -1;

    private float Rate(string? name)
    {
        if (name is null)
            return 0;
        double rate = Number(0, name);
        return rate is >= 0 and < 1
            ? (float)rate
            : throw Unsupported(name, $"{rate}", "a probability from 0 to below 1 is needed");
    }

    private double Finite(string name, JsonElement value) =>
        LenientJson.TryGetDouble(value, out double number) && double.IsFinite(number)
            ? number
            : throw Unsupported(name, value, "a finite number is needed");

    private string Full(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private UnsupportedConfigException Missing(ReadOnlySpan<string> names, string needed) =>
        new(File, [Full(names[0])], $"{Full(names[0])} is missing; {needed} is needed.");

    private static string Show(object? value)
    {
        string text = value switch
        {
            JsonElement element => element.GetRawText(),
            string s => $"\"{s}\"",
            bool b => b ? "true" : "false",
            null => "null",
            _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
        };
        return text.Length > 60 ? text[..60] + "..." : text;
    }
}
