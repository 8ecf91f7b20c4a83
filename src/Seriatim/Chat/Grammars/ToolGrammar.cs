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
    private const string ContentKey = "content", ParametersKey = "parameters";

    /// <summary>The grammar of answers to a prompt.</summary>
    /// <exception cref="GrammarException">A schema cannot be enforced, or the tool that must be called is not
    /// offered.</exception>
    public static Grammar Of(AnswerPlan plan, ToolUse use)
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
        GrammarNode? content = use.ContentSchema is { } schema ? SchemaNodes.Of(rules, schema) : null;
        rules.Define(root, ContentGrammar.Thoughts(plan, format.Answer(tools, isRequired, use.IsParallel, content)));
        return Grammar.Of(Kind, Source(plan, use), rules);
    }

    /// <summary>Makes a grammar again.</summary>
    public static Grammar From(string source)
    {
        JsonNode saved = JsonNode.Parse(source)!;
        ReasoningMarks? marks = (string?)saved[OpenKey] is { } close ? ReasoningMarks.Of(close) : null;
        string name = (string)saved[FormatKey]!;
        ToolFormat format = ToolFormats.All.FirstOrDefault(row => row.Name == name)?.Format
            ?? throw new GrammarException("Tools", "", $"there is no format {name}");
        ChatTool[] tools = [.. saved[ToolsKey]!.AsArray().Select(tool => new ChatTool
        {
            Name = (string)tool![NameKey]!,
            Parameters = JsonElement.Parse(tool[ParametersKey]!.ToJsonString()),
        })];
        var use = new ToolUse
        {
            Choice = new ToolChoice(Enum.Parse<ToolChoiceKind>((string)saved[ChoiceKey]!), (string?)saved[NameKey]),
            IsParallel = (bool)saved[ParallelKey]!,
            Strict = [.. saved[StrictKey]!.AsArray().Select(tool => (string)tool!)],
            ContentSchema = saved[ContentKey] is { } content ? JsonElement.Parse(content.ToJsonString()) : null,
        };
        return Of(new AnswerPlan(new AnswerFormat(format, marks), tools, (bool)saved[StartsKey]!), use);
    }

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
            [ContentKey] = use.ContentSchema is { } schema ? JsonNode.Parse(schema.GetRawText()) : null,
        };
        return source.ToJsonString();
    }

    private static string Names(AnswerPlan plan) =>
        plan.Tools.Count == 0 ? "none" : string.Join(", ", plan.Tools.Select(tool => tool.Name));
}
