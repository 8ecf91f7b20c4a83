using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>A tool as a grammar needs it.</summary>
/// <param name="tool">The tool.</param>
/// <param name="isStrict">Whether its arguments follow its schema in any case.</param>
/// <param name="follows">Whether they do where the schema can be enforced.</param>
/// <param name="rules">The grammar's rules.</param>
internal sealed class ToolTerms(ChatTool tool, bool isStrict, bool follows, GrammarRules rules)
{
    /// <summary>What the document of its schema is called by the schemas of single values.</summary>
    private const string Address = "tool:arguments";

    /// <summary>Its name.</summary>
    public string Name => tool.Name;

    /// <summary>Whether its arguments follow its schema in any case.</summary>
    public bool IsStrict => isStrict;

    /// <summary>The schema of its arguments, as it was given.</summary>
    public JsonElement Parameters => tool.Parameters;

    /// <summary>The rules.</summary>
    public GrammarRules Rules => rules;

    /// <summary>Its name as a JSON string.</summary>
    public string JsonName => AnswerJson.Text(Name);

    /// <summary>Its name as it is, where it stands in a call without quotes.</summary>
    /// <param name="signs">Signs that end a name there.</param>
    /// <exception cref="GrammarException">It has one of them.</exception>
    public string NameWithout(string signs) => Without(Name, signs);

    /// <summary>A name as it is, where it stands in a call without quotes.</summary>
    /// <param name="name">The name.</param>
    /// <param name="signs">Signs that end a name there; a line break and white space at its ends always do.</param>
    /// <exception cref="GrammarException">It has one of them.</exception>
    public static string Without(string name, string signs)
    {
        bool fits = name.Length > 0 && name.Trim().Length == name.Length && !name.Any(char.IsControl)
            && name.AsSpan().IndexOfAny(signs) < 0;
        return fits ? name : throw new GrammarException("Tools", "",
            $"the form in which this model writes calls cannot carry the name {AnswerJson.Text(name)}: a name there "
            + $"is not empty, has no line break, no white space at its ends, and none of {signs}. Rename it.");
    }

    /// <summary>Its arguments as JSON.</summary>
    /// <exception cref="GrammarException">A strict tool's schema has a keyword that cannot be enforced.</exception>
    public GrammarNode Arguments() => isStrict || follows
        ? Enforced(() => SchemaNodes.Arguments(rules, tool.Parameters), () => SchemaNodes.Object(rules))
        : SchemaNodes.Object(rules);

    /// <summary>One of its values as JSON.</summary>
    /// <param name="place">Where its schema stands; references lead to the whole document.</param>
    /// <param name="type">The only type it has; null: those of the schema.</param>
    /// <exception cref="GrammarException">A strict tool's schema has a keyword that cannot be enforced.</exception>
    public GrammarNode Value(SchemaPlace place, string? type = null)
    {
        var schema = new JsonObject { ["$ref"] = $"{Address}#{Uri.EscapeDataString(place.Pointer)}" };
        if (type is not null)
            schema["type"] = type;
        var options = new JsonSchemaOptions
        {
            AdditionalPropertiesByDefault = false,
            Documents = ImmutableDictionary.Create<string, string>().Add(Address, place.Root.GetRawText()),
        };
        return Enforced(() => SchemaNodes.Import(rules, Grammar.JsonSchema(schema.ToJsonString(), options).Rules),
            () => type is null ? SchemaNodes.Value(rules)
                : SchemaNodes.Of(rules, JsonElement.Parse($$"""{"type": {{AnswerJson.Text(type)}}}""")));
    }

    /// <summary>What follows a schema; what is free where it cannot be enforced and need not be.</summary>
    private GrammarNode Enforced(Func<GrammarNode> follow, Func<GrammarNode> free)
    {
        try
        {
            return follow();
        }
        catch (GrammarException) when (!isStrict)
        {
            // The caller has not asked that the schema be followed, only that the tool be called.
            return free();
        }
        catch (GrammarException problem)
        {
            throw new GrammarException($"Schema of the strict tool {Name}", Plain(problem.Place), Plain(problem.Message))
            {
                Keyword = problem.Keyword,
            };
        }
    }

    private static string Plain(string text) => text.Replace($"{Address}#", "", StringComparison.Ordinal);
}
