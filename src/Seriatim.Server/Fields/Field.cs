using System.Text.Json;

namespace Seriatim.Server;

/// <summary>A field of a request: everything that reader, documentation, OpenAPI and contract test know of it.</summary>
internal abstract record Field
{
    public required string Name { get; init; }

    public required JsonKinds Kinds { get; init; }

    public FieldFate Fate { get; init; }

    /// <summary>What it does; why it is refused; why it needs no effect.</summary>
    public required string Doc { get; init; }

    /// <summary>A value of it, as JSON. One that is honoured changes a request with it.</summary>
    public required string Example { get; init; }

    /// <summary>The smallest number.</summary>
    public double? Least { get; init; }

    /// <summary>The largest number.</summary>
    public double? Most { get; init; }

    /// <summary>Most entries of a list or an object; null: as many as the body holds.</summary>
    public int? MostItems { get; init; }

    /// <summary>Most UTF-16 units of a text, or of each text of a list; null: as long as the body allows.</summary>
    public int? MostLength { get; init; }

    /// <summary>The only texts.</summary>
    public IReadOnlyList<string>? OneOf { get; init; }

    public bool IsRequired { get; init; }

    /// <summary>Other fields that an example needs beside it, as the inside of a JSON object.</summary>
    public string? ExampleNeeds { get; init; }

    /// <summary>The option of the engine that it sets, so that what the engine refuses is told by the field's name.</summary>
    public string? Option { get; init; }

    /// <summary>The values at which a refused field asks for nothing, as JSON.</summary>
    public IReadOnlyList<string> Neutral { get; init; } = [];

    /// <summary>The fields of an object, or of the objects of a list.</summary>
    public Func<FieldTable>? Inside { get; init; }

    /// <summary>Refuses a value of the wrong kind, or out of range.</summary>
    public void Check(JsonElement value, string path)
    {
        if ((Kinds & KindOf(value)) == 0)
        {
            throw ApiException.Invalid(
                $"{path} is {Shown(value)}, {Names(KindOf(value))}; {Names(Kinds)} is allowed.", path, "invalid_type");
        }

        if (value.ValueKind == JsonValueKind.Number && (Least ?? Most) is not null)
        {
            double number = value.GetDouble();
            if (!(number >= (Least ?? double.NegativeInfinity) && number <= (Most ?? double.PositiveInfinity)))
                throw ApiException.Invalid($"{path} is {Shown(value)}; {Range()} is allowed.", path, "invalid_value");
        }

        CheckSize(value, path);
        if (value.ValueKind == JsonValueKind.String && OneOf is not null && !OneOf.Contains(value.GetString()))
        {
            throw ApiException.Invalid(
                $"{path} is {Shown(value)}; {string.Join(", ", OneOf)} are allowed.", path, "invalid_value");
        }

        if (Fate == FieldFate.Refused && !Neutral.Any(neutral => JsonElement.DeepEquals(JsonElement.Parse(neutral), value)))
            throw ApiException.Invalid($"{path} is not supported: {Doc}", path, "unsupported_parameter");
    }

    /// <summary>What numbers are allowed, in words; "" if all are.</summary>
    public string Range() => (Least, Most) switch
    {
        (null, null) => "",
        ({ } least, null) => FormattableString.Invariant($"{least} or more"),
        (null, { } most) => FormattableString.Invariant($"at most {most}"),
        ({ } least, { } most) => FormattableString.Invariant($"{least} to {most}"),
    };

    /// <summary>How much is allowed, in words; "" if that is as much as the body holds.</summary>
    public string Size() => (MostItems, MostLength) switch
    {
        (null, null) => "",
        ({ } items, null) => FormattableString.Invariant($"at most {items} entries"),
        (null, { } length) => FormattableString.Invariant($"at most {length} characters"),
        ({ } items, { } length) => FormattableString.Invariant($"at most {items} entries of {length} characters"),
    };

    /// <summary>The names of kinds, in words.</summary>
    public static string Names(JsonKinds kinds) => string.Join(" or ", Enum.GetValues<JsonKinds>()
        .Where(kind => kind != JsonKinds.None && kinds.HasFlag(kind)
            && !(kind == JsonKinds.Integer && kinds.HasFlag(JsonKinds.Number)))
        .Select(WordFor));

    /// <summary>The kinds a value fits: an integer is a number, too.</summary>
    public static JsonKinds KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => JsonKinds.Boolean,
        JsonValueKind.Number => IsWhole(value) ? JsonKinds.Integer | JsonKinds.Number : JsonKinds.Number,
        JsonValueKind.String => JsonKinds.String,
        JsonValueKind.Array => JsonKinds.Array,
        JsonValueKind.Object => JsonKinds.Object,
        _ => JsonKinds.None,
    };

    /// <summary>Whether a number has no fraction and fits into 64 bits.</summary>
    private static bool IsWhole(JsonElement value) => value.TryGetInt64(out _) || value.TryGetUInt64(out _)
        || (value.TryGetDouble(out double number) && number == Math.Floor(number) && Math.Abs(number) < 1L << 53);

    private void CheckSize(JsonElement value, string path)
    {
        int items = value.ValueKind switch
        {
            JsonValueKind.Array => value.GetArrayLength(),
            JsonValueKind.Object => value.GetPropertyCount(),
            _ => 0,
        };
        if (items > MostItems)
            throw ApiException.Invalid($"{path} has {items} entries; {MostItems} are the most.", path, "invalid_value");
        if (MostLength is not { } most)
            return;
        CheckLength(value, path, most);
        if (value.ValueKind != JsonValueKind.Array)
            return;
        foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
            CheckLength(item, $"{path}[{index}]", most);
    }

    private static void CheckLength(JsonElement value, string path, int most)
    {
        if (value.ValueKind == JsonValueKind.String && value.GetString()!.Length is var length && length > most)
            throw ApiException.Invalid($"{path} has {length} characters; {most} are the most.", path, "invalid_value");
    }

    private static string WordFor(JsonKinds kinds) => kinds switch
    {
        JsonKinds.None => "nothing",
        JsonKinds.Boolean => "true or false",
        JsonKinds.Integer => "a whole number",
        JsonKinds.String => "a text",
        JsonKinds.Array => "a list",
        JsonKinds.Object => "an object",
        _ => "a number",
    };

    private static string Shown(JsonElement value) => FieldValue.Cut(value.GetRawText());
}

/// <summary>A field of requests that are read into a <typeparamref name="T"/>.</summary>
/// <typeparam name="T">What is read.</typeparam>
internal sealed record Field<T> : Field
{
    /// <summary>Takes a value that was checked; null: it has no effect.</summary>
    public Action<T, FieldValue>? Read { get; init; }

    /// <summary>The same field of what has a <typeparamref name="T"/> in it.</summary>
    public Field<TOuter> In<TOuter>(Func<TOuter, T> inner) => new()
    {
        Name = Name,
        Kinds = Kinds,
        Fate = Fate,
        Doc = Doc,
        Example = Example,
        Least = Least,
        Most = Most,
        MostItems = MostItems,
        MostLength = MostLength,
        OneOf = OneOf,
        IsRequired = IsRequired,
        ExampleNeeds = ExampleNeeds,
        Option = Option,
        Neutral = Neutral,
        Inside = Inside,
        Read = Read is { } read ? (outer, value) => read(inner(outer), value) : null,
    };
}
