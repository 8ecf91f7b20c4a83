using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Answers in a form that a request asks for, after the reasoning of models that reason.</summary>
internal static class ContentGrammar
{
    /// <summary>The kind of these grammars where reasoning comes first, by which saved requests make them again.</summary>
    public const string Kind = "json_answer";

    private const string FormatKey = "format", CloseKey = "reasoning", StartsKey = "starts_in_reasoning";
    private const string ContentKey = "content", SourceKey = "source";

    /// <summary>The schema of any JSON object.</summary>
    public static JsonElement AnyObject { get; } = JsonElement.Parse("""{"type": "object"}""");

    /// <summary>The grammar of a schema alone.</summary>
    /// <exception cref="GrammarException">The schema cannot be enforced.</exception>
    public static Grammar OfSchema(JsonElement schema)
    {
        string source = schema.GetRawText();
        return GrammarStore.Get($"schema\n{source}", () => Grammar.JsonSchema(source));
    }

    /// <summary>The grammar of answers that begin as the model's do, and of which the text follows a grammar.</summary>
    public static Grammar Around(AnswerPlan plan, Grammar content)
    {
        // Some write answers in channels of their own, reasoning included: their format knows where the answer stands.
        ToolFormat? channels = plan.Format.Tools is { HoldsReasoning: true } tools ? tools : null;
        if (channels is null && plan.Format.Reasoning is null)
            return content;
        string source = new JsonObject
        {
            [FormatKey] = ToolFormats.All.FirstOrDefault(row => row.Format == channels)?.Name,
            [CloseKey] = plan.Format.Reasoning?.Close,
            [StartsKey] = plan.StartsInReasoning,
            [ContentKey] = content.Kind,
            [SourceKey] = content.Source,
        }.ToJsonString();
        return GrammarStore.Get($"{Kind}\n{source}", () =>
        {
            var rules = new GrammarRules();
            GrammarNode.Rule root = rules.Declare("answer");
            GrammarNode inner = SchemaNodes.Import(rules, content.Rules);
            rules.Define(root, channels?.Answer([], isRequired: false, isParallel: false, inner, []) ?? Thoughts(plan, inner));
            return Grammar.Of(Kind, source, rules);
        });
    }

    /// <summary>Makes a grammar again.</summary>
    public static Grammar From(string source)
    {
        JsonElement saved = JsonElement.Parse(source);
        string? name = saved.GetProperty(FormatKey).GetString();
        ToolFormat? channels = name is null ? null : ToolFormats.Named(name);
        string? close = saved.GetProperty(CloseKey).GetString();
        var plan = new AnswerPlan(new AnswerFormat(channels, close is null ? null : ReasoningMarks.Of(close)), [],
            saved.GetProperty(StartsKey).GetBoolean());
        return Around(plan, Grammar.From(
            saved.GetProperty(ContentKey).GetString() ?? "", saved.GetProperty(SourceKey).GetString() ?? ""));
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
