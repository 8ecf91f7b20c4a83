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
        while (true)
        {
            while (text.Held.Length > 0 && !(quote == '\0' && text.Held[0] == '`'))
                quote = Take(text, body, quote);
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

        if (PythonCall.TryRead(source) is not { Count: > 0 } calls)
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

    /// <summary>Passes a character, or two of an escape.</summary>
    /// <returns>The quote of the string that what follows is in.</returns>
    private static char Take(AnswerText text, StringBuilder body, char quote)
    {
        char next = text.Held[0];
        bool escapes = quote != '\0' && body.Length > 0 && IsEscape(body);
        body.Append(text.Take(1));
        return escapes ? quote : quote == '\0' ? next is '"' or '\'' ? next : '\0' : next == quote ? '\0' : quote;
    }

    /// <summary>Whether the next character is escaped: an odd number of backslashes.</summary>
    private static bool IsEscape(StringBuilder body)
    {
        int count = 0;
        while (count < body.Length && body[body.Length - 1 - count] == '\\')
            count++;
        return count % 2 == 1;
    }

    protected override GrammarNode Call(ToolTerms tool) =>
        Nodes.All(Nodes.Text(tool.Name), new WrittenArguments(tool).Object(new PythonNotation()));

    protected override GrammarNode Calls(GrammarNode call, bool isParallel) =>
        Nodes.All(Nodes.Text(Open), base.Calls(call, isParallel), Nodes.Text($"\n{Fence}"));
}
