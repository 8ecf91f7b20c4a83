using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// DeepSeek: a list of calls between marks of its own. V3 and R1 write <c>function</c>, the name and a fenced block of JSON; V3.1
/// writes the name and bare JSON. Both are read wherever they stand.
/// </summary>
/// <param name="fenced">Whether the template writes the older form.</param>
internal sealed class DeepSeekFormat(bool fenced) : ToolFormat
{
    private const string ListOpen = "<｜tool▁calls▁begin｜>", ListClose = "<｜tool▁calls▁end｜>";
    private const string Open = "<｜tool▁call▁begin｜>", Separator = "<｜tool▁sep｜>", Close = "<｜tool▁call▁end｜>";
    private const string Fence = "```";

    public override IReadOnlyList<string> Marks { get; } =
        [ListOpen, Open, Separator, Close, ListClose, "<｜end▁of▁sentence｜>"];

    public override IReadOnlyList<string> Openings { get; } = [ListOpen, Open];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        if (opening == ListOpen)
        {
            yield return text.SkipSpace();
            yield return text.Next(Open);
            if (text.Found is null)
            {
                if (text.IsOver && text.Cut)
                    sink.Incomplete(null, "");
                yield break;
            }
        }

        string name = "";
        var block = new CallBlock(text, sink);
        yield return block.Until([Separator], piece => name += piece, Close);
        if (block.Found is not null)
            yield return new Pause(AfterSeparator(name, block, text));
        yield return block.Close([Close], Open, ListClose);
    }

    private static IEnumerable<Pause> AfterSeparator(string before, CallBlock block, AnswerText text)
    {
        yield return block.Next("{");
        if (block.Found is not null)
        {
            block.Unread();
            yield return block.Arguments(before);
            yield break;
        }

        // What stood before the separator was the kind of the call, function.
        string name = "";
        yield return block.Until([$"\n{Fence}"], piece => name += piece, Close);
        if (block.Found is null)
            yield break;
        yield return block.Next("json");
        yield return block.Arguments(name);
        if (block.IsRead)
            yield return block.Next(Fence);
    }

    protected override GrammarNode Call(ToolTerms tool) => fenced
        ? Nodes.All(Nodes.Mark(Open), Nodes.Text("function"), Nodes.Mark(Separator),
            Nodes.Text($"{tool.NameWithout("`<")}\n{Fence}json\n"), tool.Arguments(), Nodes.Text($"\n{Fence}"), Nodes.Mark(Close))
        : Nodes.All(Nodes.Mark(Open), Nodes.Text(tool.NameWithout("<")), Nodes.Mark(Separator), tool.Arguments(),
            Nodes.Mark(Close));

    protected override GrammarNode Calls(GrammarNode call, bool isParallel)
    {
        GrammarNode more = fenced ? Nodes.All(Nodes.Text("\n"), call) : call;
        return Nodes.All(
            Nodes.Mark(ListOpen), call, isParallel ? Nodes.Many(more) : GrammarNode.Empty, Nodes.Mark(ListClose));
    }
}
