using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Answers that are text or calls of tools, in the form of a template: what is text holds no mark, the arguments of a call are
/// JSON, and follow the tool's schema where that is asked for.
/// </summary>
internal static class ToolGrammar
{
    /// <summary>The kind of these grammars, by which saved requests make them again.</summary>
    public const string Kind = "tools";

    private const string FormatKey = "format", OpenKey = "reasoning", StartsKey = "starts_in_reasoning", ToolsKey = "tools";
    private const string ChoiceKey = "choice", NameKey = "name", ParallelKey = "parallel", StrictKey = "strict";
    private const string ContentKey = "content", SourceKey = "source", ParametersKey = "parameters";

    /// <summary>The grammar of answers to a prompt.</summary>
    /// <exception cref="GrammarException">A schema cannot be enforced, or the tool that must be called is not
    /// offered.</exception>
    public static Grammar Of(AnswerPlan plan, ToolUse use)
    {
        string source = Source(plan, use);
        return GrammarStore.Get($"{Kind}\n{source}", () => Make(plan, use, source));
    }

    private static Grammar Make(AnswerPlan plan, ToolUse use, string source)
    {
        ToolFormat format = plan.Format.Tools!;
        var rules = new GrammarRules();
        GrammarNode.Rule root = rules.Declare("answer");
        ChatTool[] offered = [.. plan.Tools.Where(tool => use.Choice.Name is null || tool.Name == use.Choice.Name)];
        if (offered.Length == 0)
        {
            throw new GrammarException("Tool choice", "",
                $"{use.Choice.Name ?? "a call"} is required; the tools that are offered: {Names(plan)}");
        }

        bool isRequired = use.Choice.Kind == ToolChoiceKind.Required;
        ToolTerms[] tools = [.. offered.Select(tool =>
            new ToolTerms(tool, use.Strict.Contains(tool.Name), isRequired, rules))];
        GrammarNode? content = use.Content is { } form ? SchemaNodes.Import(rules, form.Rules) : null;
        GrammarNode answer = format.Answer(
            tools, isRequired, use.IsParallel, content, plan.Format.Reasoning?.Marks ?? []);
        rules.Define(root, ContentGrammar.Thoughts(plan, answer));
        return Grammar.Of(Kind, source, rules);
    }

    /// <summary>Makes a grammar again.</summary>
    public static Grammar From(string source)
    {
        JsonElement saved = JsonElement.Parse(source);
        ToolFormat format = ToolFormats.Named(Text(saved, FormatKey) ?? "");
        ChatTool[] tools = [.. saved.GetProperty(ToolsKey).EnumerateArray().Select(tool => new ChatTool
        {
            Name = Text(tool, NameKey) ?? "",
            Parameters = tool.GetProperty(ParametersKey),
        })];
        foreach (ChatTool tool in tools)
            ToolSchema.Check(tool);
        if (!Enum.TryParse(Text(saved, ChoiceKey), out ToolChoiceKind choice) || !Enum.IsDefined(choice))
            throw new GrammarException("Tools", $"/{ChoiceKey}", $"{Text(saved, ChoiceKey)} is no choice of tools");
        var use = new ToolUse
        {
            Choice = new ToolChoice(choice, Text(saved, NameKey)),
            IsParallel = saved.GetProperty(ParallelKey).GetBoolean(),
            Strict = [.. saved.GetProperty(StrictKey).EnumerateArray().Select(tool => tool.GetString() ?? "")],
            Content = Text(saved, ContentKey) is { } form ? Grammar.From(form, Text(saved, SourceKey) ?? "") : null,
        };
        ReasoningMarks? marks = Text(saved, OpenKey) is { } close ? ReasoningMarks.Of(close) : null;
        return Of(new AnswerPlan(new AnswerFormat(format, marks), tools, saved.GetProperty(StartsKey).GetBoolean()), use);
    }

    private static string? Text(JsonElement saved, string key) => saved.GetProperty(key).GetString();

    private static string Source(AnswerPlan plan, ToolUse use)
    {
        var source = new JsonObject
        {
            [FormatKey] = ToolFormats.All.First(row => row.Format == plan.Format.Tools).Name,
            [OpenKey] = plan.Format.Reasoning?.Close,
            [StartsKey] = plan.StartsInReasoning,
            [ToolsKey] = new JsonArray([.. plan.Tools.Select(tool => new JsonObject
            {
                [NameKey] = tool.Name,
                [ParametersKey] = JsonNode.Parse(tool.Parameters.GetRawText()),
            })]),
            [ChoiceKey] = $"{use.Choice.Kind}",
            [NameKey] = use.Choice.Name,
            [ParallelKey] = use.IsParallel,
            [StrictKey] = new JsonArray([.. use.Strict.Select(name => (JsonNode)name)]),
            [ContentKey] = use.Content?.Kind,
            [SourceKey] = use.Content?.Source,
        };
        return source.ToJsonString();
    }

    private static string Names(AnswerPlan plan) =>
        plan.Tools.Count == 0 ? "none" : string.Join(", ", plan.Tools.Select(tool => tool.Name));
}
