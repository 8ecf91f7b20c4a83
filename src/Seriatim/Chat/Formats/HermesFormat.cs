using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// JSON with <c>name</c> and <c>arguments</c> between <c>&lt;tool_call&gt;</c> and <c>&lt;/tool_call&gt;</c>: Hermes, Qwen and
/// many others. The block ends where the JSON ends; a mark inside a string is text.
/// </summary>
internal sealed class HermesFormat : ToolFormat
{
    private const string Open = "<tool_call>", Close = "</tool_call>";

    public override IReadOnlyList<string> Marks { get; } = [Open, Close];

    public override IReadOnlyList<string> Openings { get; } = [Open];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        var block = new CallBlock(text, sink);
        yield return block.Object();
        yield return block.Close([Close]);
    }

    protected override GrammarNode Call(ToolTerms tool)
    {
        GrammarNode line = Nodes.Maybe(Nodes.Text("\n"));
        return Nodes.All(Nodes.Mark(Open), line, Nodes.Text($"{{\"name\": {tool.JsonName}, \"arguments\": "), tool.Arguments(),
            Nodes.Text("}"), line, Nodes.Mark(Close));
    }
}
