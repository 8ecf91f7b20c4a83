using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Mistral: after <c>[TOOL_CALLS]</c> a JSON list of calls, or, in newer templates, a name, <c>[ARGS]</c> and the arguments.
/// </summary>
/// <param name="named">Whether the template writes the newer form; both are read.</param>
internal sealed class MistralFormat(bool named) : ToolFormat
{
    private const string Open = "[TOOL_CALLS]", ArgumentsMark = "[ARGS]", IdMark = "[CALL_ID]", End = "</s>";

    public override IReadOnlyList<string> Marks { get; } = [Open, ArgumentsMark, IdMark, End];

    public override IReadOnlyList<string> Openings { get; } = [Open];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        yield return text.SkipSpace();
        if (text.Held.StartsWith('['))
        {
            yield return new Pause(List(text, sink));
            yield break;
        }

        string name = "";
        var block = new CallBlock(text, sink);
        if (text.Held.StartsWith('{'))
        {
            yield return block.Object();
        }
        else
        {
            yield return block.Until([ArgumentsMark, IdMark, "{"], piece => name += piece, Open, End);
            if (block.Found == IdMark)
                yield return block.Until([ArgumentsMark], _ => { }, Open, End);
            if (block.Found == "{")
                block.Unread();
            if (block.Found is not null)
                yield return block.Arguments(name);
        }

        yield return block.Close([], Open, End);
    }

    private static IEnumerable<Pause> List(AnswerText text, AnswerSink sink)
    {
        text.Take(1);
        while (true)
        {
            yield return text.SkipSpace();
            if (text.Held.StartsWith(','))
            {
                text.Take(1);
                continue;
            }

            if (text.Held.StartsWith(']'))
            {
                text.Take(1);
                yield break;
            }

            var block = new CallBlock(text, sink);
            yield return block.Object();
            yield return block.Close([], Open, End);
            if (!block.IsRead)
                yield break;
        }
    }

    protected override GrammarNode Call(ToolTerms tool) => named
        ? Nodes.All(Nodes.Mark(Open), Nodes.Text(tool.NameWithout("[{")), Nodes.Mark(ArgumentsMark), tool.Arguments())
        : Nodes.All(Nodes.Text($"{{\"name\": {tool.JsonName}, \"arguments\": "), tool.Arguments(), Nodes.Text("}"));

    protected override GrammarNode Calls(GrammarNode call, bool isParallel) => named
        ? new GrammarNode.Repeat(call, 1, isParallel ? null : 1)
        : Nodes.All(Nodes.Mark(Open), Nodes.Text(" ["), call,
            isParallel ? Nodes.Many(Nodes.All(Nodes.Text(", "), call)) : GrammarNode.Empty, Nodes.Text("]"));
}
