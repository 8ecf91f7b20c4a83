using System.Text;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Gemma: calls in the syntax of Python in a fenced block. A fence inside a string is text.</summary>
internal sealed class GemmaToolCodeFormat : ToolFormat
{
    private const string Open = "```tool_code\n", Fence = "```";

    public override IReadOnlyList<string> Marks { get; } = [Open];

    public override IReadOnlyList<string> Openings { get; } = [Open];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        var body = new StringBuilder();
        char quote = '\0';
        bool isEscaped = false;
        while (true)
        {
            body.Append(text.Take(UpToFence(text.Held, ref quote, ref isEscaped)));
            if (text.Held.Length == 0 && !text.Ended)
            {
                yield return Pause.More;
                continue;
            }

            yield return text.Next(Fence);
            if (text.Found is not null || text.Ended)
                break;
            body.Append(text.Take(1));
        }

        bool isClosed = text.Found is not null;
        if (!isClosed)
            body.Append(text.Take(text.Held.Length));
        string source = $"{body}".Trim();
        if (!isClosed && text.Cut)
        {
            string begun = source.Split('\n')[^1];
            int bracket = begun.IndexOf('(');
            sink.Incomplete(bracket < 0 ? null : begun[..bracket], bracket < 0 ? "" : begun[(bracket + 1)..]);
            yield break;
        }

        if (PythonCall.TryRead(source, sink.Tools) is not { Count: > 0 } calls)
        {
            sink.Malformed(source);
            yield break;
        }

        foreach (PythonCall call in calls)
        {
            sink.Begin(call.Name);
            sink.Arguments(call.Arguments);
            sink.End();
        }
    }

    /// <summary>How much comes before what may be a fence.</summary>
    /// <param name="text">The text.</param>
    /// <param name="quote">The quote of the string that it is in; 0: in none.</param>
    /// <param name="isEscaped">Whether its first character is escaped.</param>
    private static int UpToFence(ReadOnlySpan<char> text, ref char quote, ref bool isEscaped)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char next = text[i];
            if (quote == '\0' && next == Fence[0])
                return i;
            if (isEscaped)
                isEscaped = false;
            else if (quote == '\0')
                quote = next is '"' or '\'' ? next : '\0';
            else if (next == '\\')
                isEscaped = true;
            else if (next == quote)
                quote = '\0';
        }

        return text.Length;
    }

    protected override GrammarNode Call(ToolTerms tool) =>
        Nodes.All(Nodes.Text(tool.NameWithout(PythonNotation.Signs)), new WrittenArguments(tool).Object(new PythonNotation()));

    protected override GrammarNode Calls(GrammarNode call, bool isParallel) =>
        Nodes.All(Nodes.Text(Open), base.Calls(call, isParallel), Nodes.Text($"\n{Fence}"));
}
