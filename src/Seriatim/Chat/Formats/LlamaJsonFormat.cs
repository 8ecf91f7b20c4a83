using System.Text;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Llama 3: a bare JSON object with <c>name</c> and <c>parameters</c> at the start of the answer, several with semicolons between
/// them; after <c>&lt;|python_tag|&gt;</c> the same, a built-in tool as <c>name.call(...)</c>, or Python code, which is a call of
/// <c>python</c> with the argument <c>code</c>.
/// </summary>
internal sealed class LlamaJsonFormat : ToolFormat
{
    private const string Tag = "<|python_tag|>", EndOfMessage = "<|eom_id|>", EndOfTurn = "<|eot_id|>", CallSuffix = ".call";
    private const string Python = "python", Code = "code";

    public override IReadOnlyList<string> Marks { get; } = [Tag, EndOfMessage, EndOfTurn];

    public override IReadOnlyList<string> Openings { get; } = [Tag];

    public override IReadOnlyList<string> Ends { get; } = [EndOfMessage];

    public override IEnumerable<Pause> ReadStart(AnswerText text, AnswerSink sink)
    {
        var objects = new BareObjects(text, sink);
        yield return new Pause(objects.Read());
    }

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        var objects = new BareObjects(text, sink);
        yield return new Pause(objects.Read());
        if (objects.Any)
            yield break;
        var code = new StringBuilder();
        yield return text.Until([EndOfMessage, EndOfTurn], piece => code.Append(piece));
        string source = $"{code}".Trim();
        string? tool = BuiltIn(source);
        if (text.Found is null && text.Cut)
        {
            if (source.StartsWith('{'))
                sink.Incomplete(null, "");
            else
                sink.Incomplete(tool ?? Python, tool is null ? source : source[(tool.Length + CallSuffix.Length + 1)..]);
            yield break;
        }

        (string name, string arguments) = (Python, $"{{{AnswerJson.Text(Code)}: {AnswerJson.Text(source)}}}");
        if (tool is not null && PythonCall.TryRead(source, sink.Tools) is [{ } call])
            (name, arguments) = (call.Name[..^CallSuffix.Length], call.Arguments);
        sink.Begin(name);
        sink.Arguments(arguments);
        sink.End();
    }

    /// <summary>The built-in tool that a source calls; null: it is code.</summary>
    private static string? BuiltIn(string source)
    {
        int at = source.IndexOf(CallSuffix + "(", StringComparison.Ordinal);
        return at > 0 && source.AsSpan(0, at).IndexOfAnyExcept(PythonCall.NameCharacters) < 0 ? source[..at] : null;
    }

    /// <summary>Text that does not look like a call.</summary>
    protected override GrammarNode Text(IReadOnlyList<string> others) => new GrammarNode.Regular(Language.Except(
        Language.Complement(Language.Concat(Language.Any, Language.Texts([Tag, .. others]), Language.Any)),
        Language.Concat(Language.Repeat(Language.Texts([.. BareObjects.Spaces.Select(space => $"{space}")]), 0, null),
            Language.Text("{"), Language.Any)));

    protected override GrammarNode Call(ToolTerms tool) => Nodes.All(
        Nodes.Text($"{{\"name\": {tool.JsonName}, \"parameters\": "), tool.Arguments(), Nodes.Text("}"));

    protected override GrammarNode Calls(GrammarNode call, bool isParallel) =>
        isParallel ? Nodes.All(call, Nodes.Many(Nodes.All(Nodes.Text("; "), call))) : call;

    /// <summary>Bare calls begin an answer; none comes behind text.</summary>
    public override GrammarNode Answer(
        IReadOnlyList<ToolTerms> tools, bool isRequired, bool isParallel, GrammarNode? content,
        IReadOnlyList<string> others)
    {
        GrammarNode calls = Calls(Nodes.One(tools.Select(Call)), isParallel);
        return isRequired ? calls : Nodes.One(calls, content ?? Text(others));
    }
}
