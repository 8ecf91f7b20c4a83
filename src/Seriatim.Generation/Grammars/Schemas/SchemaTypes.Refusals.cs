using System.Text.Json;

namespace Seriatim.Generation;

/// <content>What cannot be enforced: refused at its place and in the name of a keyword.</content>
internal sealed partial class SchemaTypes
{
    private static readonly string[] NumberKeywords =
        ["multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

    private static readonly string[] StringKeywords = ["pattern", "format", "maxLength", "minLength", "contentEncoding"];

    private static readonly string[] ArrayKeywords =
        ["prefixItems", "items", "contains", "additionalItems", "maxItems", "minItems"];

    private static readonly string[] ObjectKeywords =
    [
        "patternProperties", "properties", "additionalProperties", "propertyNames", "required", "maxProperties", "minProperties",
    ];

    private static readonly string[] InPlace = ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if"];

    /// <summary>
    /// What cannot be expressed or is too large, as an error at a type and at the keyword that most likely wants it.
    /// </summary>
    public GrammarException Refused(int type, Exception problem)
    {
        SchemaNode? node = _types[type].Where(part => part.Node >= 0).Select(part => _document[part.Node]).FirstOrDefault();
        string[] keywords =
            [.. StringKeywords, .. NumberKeywords, "enum", "const", .. InPlace, .. ObjectKeywords, .. ArrayKeywords];
        string keyword = node is null ? "type" : FirstOf(node, keywords);
        return SchemaDocument.Error(node?.Pointer ?? "", keyword, $"{keyword} cannot be enforced here: {problem.Message}");
    }

    /// <summary>Does what a keyword wants; what cannot be expressed or is too large is refused in its name.</summary>
    private static T For<T>(SchemaNode node, string keyword, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (CannotExpressException e)
        {
            throw SchemaDocument.Error(node.Pointer, keyword, $"{keyword} cannot be enforced here: {e.Message}.");
        }
        catch (LanguageTooLargeException e)
        {
            throw SchemaDocument.Error(node.Pointer, keyword, $"{keyword} needs an automaton of more than {e.Limit} states.");
        }
    }

    /// <summary>The first of some keywords that a schema has, for messages.</summary>
    private static string FirstOf(SchemaNode node, string[] keywords) => node.IsValue ? "const"
        : keywords.FirstOrDefault(keyword => node.Element.TryGetProperty(keyword, out _), "type");
}
