using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Answers that are JSON of a schema, after the reasoning of models that reason.</summary>
internal static class ContentGrammar
{
    /// <summary>The kind of these grammars where reasoning comes first, by which saved requests make them again.</summary>
    public const string Kind = "json_answer";

    private const string OpenKey = "reasoning", StartsKey = "starts_in_reasoning", SchemaKey = "schema";

    /// <summary>The schema of any JSON object.</summary>
    public static JsonElement AnyObject { get; } = JsonElement.Parse("""{"type": "object"}""");

    /// <summary>The grammar of answers to a prompt.</summary>
    /// <exception cref="GrammarException">The schema cannot be enforced.</exception>
    public static Grammar Of(AnswerPlan plan, JsonElement schema)
    {
        if (plan.Format.Tools is { HoldsReasoning: true })
        {
            throw new GrammarException("Answer", "", "this model's answers come in channels of their own marks, into which no schema is put "
                + "yet; ask for text, or offer a strict tool");
        }

        if (plan.Format.Reasoning is not { } marks)
            return Grammar.JsonSchema(schema.GetRawText());
        var rules = new GrammarRules();
        GrammarNode.Rule root = rules.Declare("answer");
        rules.Define(root, Thoughts(plan, SchemaNodes.Of(rules, schema)));
        var source = new JsonObject
        {
            [OpenKey] = marks.Close,
            [StartsKey] = plan.StartsInReasoning,
            [SchemaKey] = JsonNode.Parse(schema.GetRawText()),
        };
        return Grammar.Of(Kind, source.ToJsonString(), rules);
    }

    /// <summary>Makes a grammar again.</summary>
    public static Grammar From(string source)
    {
        JsonNode saved = JsonNode.Parse(source)!;
        var format = new AnswerFormat(null, ReasoningMarks.Of((string)saved[OpenKey]!));
        return Of(new AnswerPlan(format, [], (bool)saved[StartsKey]!), JsonElement.Parse(saved[SchemaKey]!.ToJsonString()));
    }

    /// <summary>The reasoning that comes before an answer, where the model reasons.</summary>
    public static GrammarNode Thoughts(AnswerPlan plan, GrammarNode answer)
    {
        if (plan.Format.Tools is { HoldsReasoning: true })
        {
            throw new GrammarException("Answer", "", "this model's answers come in channels of their own marks, into which no schema is put "
                + "yet; ask for text, or offer a strict tool");
        }

        if (plan.Format.Reasoning is not { } marks)
            return answer;
        GrammarNode rest = Nodes.All(Nodes.Without(marks.Close), Nodes.Mark(marks.Close), Nodes.Many(Nodes.Text("\n")));
        return plan.StartsInReasoning
            ? Nodes.All(rest, answer)
            : Nodes.All(Nodes.Maybe(Nodes.All(Nodes.Mark(marks.Open), rest)), answer);
    }
}
