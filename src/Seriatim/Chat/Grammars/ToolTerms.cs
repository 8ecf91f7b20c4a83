using System.Text.Json;
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

    /// <summary>Its arguments as JSON.</summary>
    /// <exception cref="GrammarException">A strict tool's schema has a keyword that cannot be enforced.</exception>
    public GrammarNode Arguments() =>
        isStrict || follows ? Node(tool.Parameters) : SchemaNodes.Object(rules);

    /// <summary>A value of a schema as JSON.</summary>
    public GrammarNode Node(JsonElement schema)
    {
        try
        {
            return SchemaNodes.Arguments(rules, schema);
        }
        catch (GrammarException) when (!isStrict)
        {
            // The caller has not asked that the schema be followed, only that the tool be called.
            return SchemaNodes.Object(rules);
        }
        catch (GrammarException problem)
        {
            throw new GrammarException($"Schema of the strict tool {Name}", problem.Place, problem.Message)
            {
                Keyword = problem.Keyword,
            };
        }
    }
}
