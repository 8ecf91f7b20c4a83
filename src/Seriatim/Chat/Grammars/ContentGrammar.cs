using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Answers that are JSON of a schema, after the reasoning of models that reason.</summary>
internal static class ContentGrammar
{
    /// <summary>The kind of these grammars where reasoning comes first, by which saved requests make them again.</summary>
    public const string Kind = "json_answer";

    private const string FormatKey = "format", CloseKey = "reasoning", StartsKey = "starts_in_reasoning", SchemaKey = "schema";

    /// <summary>The schema of any JSON object.</summary>
    public static JsonElement AnyObject { get; } = JsonElement.Parse("""{"type": "object"}""");

    /// <summary>The grammar of answers to a prompt.</summary>
    /// <exception cref="GrammarException">The schema cannot be enforced.</exception>
    public static Grammar Of(AnswerPlan plan, JsonElement schema)
    {
        // Some write answers in channels of their own, reasoning included: their format knows where the answer stands.
        ToolFormat? channels = plan.Format.Tools is { HoldsReasoning: true } tools ? tools : null;
        if (channels is null && plan.Format.Reasoning is null)
            return Grammar.JsonSchema(schema.GetRawText());
        var rules = new GrammarRules();
        GrammarNode.Rule root = rules.Declare("answer");
        GrammarNode content = SchemaNodes.Of(rules, schema);
        rules.Define(root, channels?.Answer([], isRequired: false, isParallel: false, content) ?? Thoughts(plan, content));
        var source = new JsonObject
        {
            [FormatKey] = ToolFormats.All.FirstOrDefault(row => row.Format == channels)?.Name,
            [CloseKey] = plan.Format.Reasoning?.Close,
            [StartsKey] = plan.StartsInReasoning,
            [SchemaKey] = JsonNode.Parse(schema.GetRawText()),
        };
        return Grammar.Of(Kind, source.ToJsonString(), rules);
    }

    /// <summary>Makes a grammar again.</summary>
    public static Grammar From(string source)
    {
        JsonNode saved = JsonNode.Parse(source)!;
        string? name = (string?)saved[FormatKey];
        ToolFormat? channels = ToolFormats.All.FirstOrDefault(row => row.Name == name)?.Format;
        ReasoningMarks? marks = (string?)saved[CloseKey] is { } close ? ReasoningMarks.Of(close) : null;
        var plan = new AnswerPlan(new AnswerFormat(channels, marks), [], (bool)saved[StartsKey]!);
        return Of(plan, JsonElement.Parse(saved[SchemaKey]!.ToJsonString()));
    }

    /// <summary>The reasoning that comes before an answer, where the model reasons.</summary>
    public static GrammarNode Thoughts(AnswerPlan plan, GrammarNode answer)
    {
        if (plan.Format.Reasoning is not { } marks)
            return answer;
        GrammarNode rest = Nodes.All(Nodes.Without(marks.Close), Nodes.Mark(marks.Close), Nodes.Many(Nodes.Text("\n")));
        return plan.StartsInReasoning
            ? Nodes.All(rest, answer)
            : Nodes.All(Nodes.Maybe(Nodes.All(Nodes.Mark(marks.Open), rest)), answer);
    }
}
