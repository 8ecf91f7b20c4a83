using System.Text.Json;
using Seriatim.Training;

namespace Seriatim.Server;

/// <summary>The fields of a request, or of an object in one.</summary>
/// <param name="name">What the documentation calls it.</param>
internal abstract class FieldTable(string name)
{
    public string Name { get; } = name;

    public abstract IReadOnlyList<Field> Rows { get; }
}

/// <summary>The fields of a request that is read into a <typeparamref name="T"/>.</summary>
/// <typeparam name="T">What is read.</typeparam>
internal sealed class FieldTable<T> : FieldTable
    where T : class
{
    private readonly Field<T>[] _rows;
    private readonly Dictionary<string, int> _places;

    /// <param name="name">What the documentation calls it.</param>
    /// <param name="rows">
    /// The fields. They are read in this order, however a request has them: what builds on another field comes after it.
    /// </param>
    public FieldTable(string name, IEnumerable<Field<T>> rows)
        : base(name)
    {
        _rows = [.. rows];
        _places = _rows.Index().ToDictionary(row => row.Item.Name, row => row.Index, StringComparer.Ordinal);
    }

    public override IReadOnlyList<Field> Rows => _rows;

    /// <summary>The rows with their readers, for a table that has some of them.</summary>
    public IReadOnlyList<Field<T>> Typed => _rows;

    /// <summary>Reads an object: each field is checked by its row, and one without a row is refused.</summary>
    /// <param name="json">The object.</param>
    /// <param name="target">What is read.</param>
    /// <param name="path">Where the object stands; "": it is the body.</param>
    /// <param name="said">Learns which field set which option; null: nobody asks.</param>
    /// <exception cref="ApiException">A field is not known, of a wrong kind, out of range, or not supported.</exception>
    public void Read(JsonElement json, T target, string path = "", SaidFields? said = null)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.Invalid($"{(path.Length == 0 ? "The body" : path)} is no JSON object; one with the fields of "
                + $"{Name} is needed.", path.Length == 0 ? null : path, "invalid_type");
        }

        var values = new JsonElement?[_rows.Length];
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (!_places.TryGetValue(property.Name, out int place))
                throw Unknown(Join(path, FieldValue.Cut(property.Name)), property.Name);
            if (property.Value.ValueKind == JsonValueKind.Null)
                continue;
            _rows[place].Check(property.Value, Join(path, property.Name));
            values[place] = property.Value;
        }

        for (int i = 0; i < _rows.Length; i++)
        {
            string at = Join(path, _rows[i].Name);
            if (values[i] is { } value)
            {
                if (_rows[i].Option is { } option)
                    said?.Note(option, at);
                _rows[i].Read?.Invoke(target, new FieldValue(value, at, said));
            }
            else if (_rows[i].IsRequired)
                throw ApiException.Invalid($"{at} is missing; {Field.Names(_rows[i].Kinds)} is needed.", at, "missing_field");
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private ApiException Unknown(string at, string name)
    {
        string? near = _rows.Select(row => row.Name).FirstOrDefault(row => IsNear(row, name))
            ?? NearestName.Find(name, _rows.Select(row => row.Name));
        return ApiException.Invalid(
            $"{at} is not a field of {Name}{(near is null ? "" : $"; perhaps {near} is meant")}. docs/server-fields.md lists "
                + "them.",
            at, "unknown_parameter");
    }

    private static bool IsNear(string known, string given) =>
        Plain(known) == Plain(given) || (given.Length > 3 && known.StartsWith(given, StringComparison.OrdinalIgnoreCase));

    private static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();
}
