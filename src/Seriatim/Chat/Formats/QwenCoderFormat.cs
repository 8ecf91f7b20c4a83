using System.Text;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Qwen3-Coder: <c>&lt;function=name&gt;</c> with a <c>&lt;parameter=key&gt;</c> for each argument, inside
/// <c>&lt;tool_call&gt;</c>. The schema of the tool says what a value is: a string stays one although it looks like a number.
/// </summary>
internal sealed class QwenCoderFormat : ToolFormat
{
    private const string Open = "<tool_call>", Close = "</tool_call>", FunctionOpen = "<function=", FunctionClose = "</function>";
    private const string ParameterOpen = "<parameter=", ParameterClose = "</parameter>";

    public override IReadOnlyList<string> Marks { get; } =
        [Open, Close, FunctionOpen, FunctionClose, ParameterOpen, ParameterClose];

    public override IReadOnlyList<string> Openings { get; } = [Open, FunctionOpen];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        var block = new CallBlock(text, sink);
        bool isFunction = opening == FunctionOpen;
        if (!isFunction)
        {
            yield return block.Next(FunctionOpen);
            isFunction = block.Found is not null;
        }

        if (isFunction)
            yield return new Pause(Function(block, text, sink));
        else
            yield return block.Object();
        yield return opening == FunctionOpen ? block.Close([FunctionClose, Close], Open) : block.Close([Close]);
    }

    private static IEnumerable<Pause> Function(CallBlock block, AnswerText text, AnswerSink sink)
    {
        string name = "";
        yield return block.Until([">"], piece => name += piece, FunctionClose, Close);
        if (block.Found is null)
            yield break;
        block.Begin(name.Trim());
        JsonElement schema = sink.Tools.FirstOrDefault(tool => tool.Name == name.Trim())?.Parameters ?? default;
        for (string before = "{"; ; before = ", ")
        {
            yield return block.Next(ParameterOpen, FunctionClose);
            if (block.Found == FunctionClose)
                Finish(block, sink, before);
            if (block.Found != ParameterOpen)
                yield break;

            string key = "";
            yield return block.Until([">"], piece => key += piece, FunctionClose, Close);
            if (block.Found is null)
                yield break;
            sink.Arguments($"{before}{AnswerJson.Text(key.Trim())}: ");
            var value = new ParameterValue(schema, key.Trim(), sink.Arguments);
            yield return new Pause(Value(block, text, value));
            if (!value.IsComplete)
                yield break;
        }
    }

    private static void Finish(CallBlock block, AnswerSink sink, string before)
    {
        sink.Arguments(before == "{" ? "{}" : "}");
        block.End();
    }

    /// <summary>Up to the closing mark behind which the function goes on or ends: others are part of the value.</summary>
    private static IEnumerable<Pause> Value(CallBlock block, AnswerText text, ParameterValue value)
    {
        while (true)
        {
            yield return block.Until([ParameterClose], value.Put);
            if (block.Found is null)
                yield break;
            var space = new StringBuilder();
            yield return text.SkipSpace(piece => space.Append(piece));
            yield return text.Next(ParameterOpen, FunctionClose);
            if (text.Found is { } next)
                text.PutBack(next);
            text.PutBack($"{space}");
            if (text.Found is not null || text.IsOver)
                break;
            value.Put(ParameterClose);
        }

        value.End();
    }

    protected override GrammarNode Call(ToolTerms tool)
    {
        var arguments = new WrittenArguments(tool);
        GrammarNode text = Nodes.Without(ParameterClose);
        return Nodes.All(Nodes.Mark(Open), Nodes.Text($"\n{FunctionOpen}{tool.NameWithout(">")}>\n"),
            arguments.Members(
                (key, value) => Nodes.All(Nodes.Text($"{ParameterOpen}{ToolTerms.Without(key, ">")}>\n"), value,
                    Nodes.Text($"\n{ParameterClose}\n")),
                place => ParameterValue.IsText(place)
                    ? arguments.String(place.Follow().Schema, text, Nodes.Text) : tool.Value(place)),
            Nodes.Text($"{FunctionClose}\n"), Nodes.Mark(Close));
    }
}
