namespace Seriatim.Server;

/// <summary>Short ways to write rows of field tables.</summary>
internal static class Row
{
    /// <summary>A field.</summary>
    public static Field<T> Of<T>(string name, JsonKinds kinds, string doc, string example, Action<T, FieldValue> read) => new()
    {
        Name = name,
        Kinds = kinds,
        Doc = doc,
        Example = example,
        Read = read,
    };

    /// <summary>A field that must be given.</summary>
    public static Field<T> Needed<T>(string name, JsonKinds kinds, string doc, string example, Action<T, FieldValue> read) =>
        Of(name, kinds, doc, example, read) with { IsRequired = true };

    /// <summary>A field that is refused unless it asks for nothing.</summary>
    public static Field<T> Refused<T>(string name, JsonKinds kinds, string example, string[] neutral, string why) =>
        CommonFields.Refused<T>(name, kinds, example, neutral, why);

    /// <summary>A field that by its meaning needs no effect.</summary>
    public static Field<T> Without<T>(string name, JsonKinds kinds, string example, string why) =>
        CommonFields.Without<T>(name, kinds, example, why);

    /// <summary>Rows of another table, by their names.</summary>
    public static IEnumerable<Field<TOuter>> Some<T, TOuter>(IEnumerable<Field<T>> rows, Func<TOuter, T> inner,
        params string[] names) => rows.Where(row => names.Contains(row.Name)).Select(row => row.In(inner));
}
