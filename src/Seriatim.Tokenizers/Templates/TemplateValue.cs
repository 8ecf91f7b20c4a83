using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>
/// The values of templates and their Python-like behaviour: null, bool, long, <see cref="BigInteger"/> (only for what a
/// long cannot hold), double, string, <c>List&lt;object?&gt;</c>, <see cref="TemplateTuple"/>, <see cref="TemplateMap"/>,
/// and the objects of <c>TemplateObjects.cs</c>.
/// </summary>
internal static class TemplateValue
{
    /// <summary>Whether a value counts as true.</summary>
    public static bool Truth(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long integer => integer != 0,
        double number => number != 0,
        string text => text.Length > 0,
        TemplateMarkup markup => markup.Text.Length > 0,
        TemplateBytes bytes => bytes.Bytes.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateTuple tuple => tuple.Items.Count > 0,
        TemplateMap map => map.Count > 0,
        TemplateView view => view.Map.Count > 0,
        TemplateRange range => range.Count > 0,
        _ => true,
    };

    /// <summary>The value as a double (truth values count), or null.</summary>
    public static double? Number(object? value) => value switch
    {
        double number => number,
        _ => Integer(value) is { } integer ? TemplateNumber.ToDouble(integer) : null,
    };

    /// <summary>The value as an integer (truth values count), or null.</summary>
    public static BigInteger? Integer(object? value) => value switch
    {
        long integer => integer,
        BigInteger large => large,
        bool flag => flag ? BigInteger.One : BigInteger.Zero,
        _ => null,
    };

    /// <summary>The items of a list or tuple, or null.</summary>
    public static List<object?>? ListOf(object? value) => value as List<object?> ?? (value as TemplateTuple)?.Items;

    /// <summary>Name of the type, for errors.</summary>
    public static string TypeOf(object? value) => value switch
    {
        null => "none",
        bool => "a truth value",
        long or BigInteger => "an integer",
        double => "a number",
        string => "a string",
        TemplateMarkup => "escaped text",
        TemplateBytes => "bytes",
        List<object?> => "a list",
        TemplateTuple => "a tuple",
        TemplateMap => "a dictionary",
        TemplateView view => $"a view of a dictionary ({view.Kind})",
        TemplateRange => "a range",
        TemplateGenerator generator => $"what the filter {generator.Name} gives (| list makes a list of it)",
        TemplateNamespace => "a namespace",
        Undefined undefined => undefined.Problem,
        ITemplateCallable => "a function",
        _ => "an object",
    };
}
