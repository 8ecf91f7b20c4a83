using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// <c>&lt;function=name&gt;{...}&lt;/function&gt;</c>: the form of Llama 3.1 for tools of one's own.
/// </summary>
internal sealed class LlamaFunctionFormat : ToolFormat
{
    private const string Open = "<function=", Close = "</function>";

    public override IReadOnlyList<string> Marks { get; } = [Open, Close, "<|eom_id|>", "<|eot_id|>"];

    public override IReadOnlyList<string> Openings { get; } = [Open];

    public override IReadOnlyList<string> Ends { get; } = ["<|eom_id|>"];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        string name = "";
        var block = new CallBlock(text, sink);
        yield return block.Until([">"], piece => name += piece, Close);
        if (block.Found is not null)
            yield return block.Arguments(name);
        yield return block.Close([Close]);
    }

    protected override GrammarNode Call(ToolTerms tool) =>
        Nodes.All(Nodes.Text($"{Open}{tool.NameWithout(">")}>"), tool.Arguments(), Nodes.Text(Close));
}
