using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Harmony (gpt-oss): messages with a header that names a channel, and for a call its recipient. <c>analysis</c> is reasoning,
/// <c>final</c> and <c>commentary</c> without a recipient are for the user.
/// </summary>
internal sealed class HarmonyFormat : ToolFormat
{
    private const string Start = "<|start|>", Channel = "<|channel|>", Constrain = "<|constrain|>", Message = "<|message|>";
    private const string End = "<|end|>", CallEnd = "<|call|>", Return = "<|return|>";
    private const string Recipient = "to=", Functions = "functions.", Analysis = "analysis", Final = "final", Python = "python";

    private static readonly string[] Closings = [End, CallEnd, Return];

    public override IReadOnlyList<string> Marks { get; } = [Start, Channel, Constrain, Message, End, CallEnd, Return];

    public override IReadOnlyList<string> Openings { get; } = [Start, Channel, Message];

    public override IReadOnlyList<string> Ends { get; } = [CallEnd, Return];

    public override bool HoldsReasoning => true;

    /// <summary>The prompt has written <c>&lt;|start|&gt;assistant</c>, so that an answer may go on with a recipient.</summary>
    public override IEnumerable<Pause> ReadStart(AnswerText text, AnswerSink sink)
    {
        while (!text.Ended && Recipient.AsSpan().StartsWith(text.Held.TrimStart()))
            yield return Pause.More;
        if (text.Held.TrimStart().StartsWith(Recipient))
            yield return new Pause(Read(Start, text, sink));
    }

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        sink.PassMark();
        string header = opening == Channel ? "\n" : "";
        string? mark = opening;
        while (mark != Message)
        {
            yield return text.Until(Marks, piece => header += piece);
            mark = text.Found;
            if (mark is null || Closings.Contains(mark))
            {
                if (mark is null && text.Cut && header.Contains(Recipient, StringComparison.Ordinal))
                    sink.Incomplete(NameOf(header, isComplete: false), "");
                yield break;
            }

            header += mark == Channel ? "\n" : " ";
        }

        if (NameOf(header, isComplete: true) is { } name)
            yield return new Pause(ReadCall(name, text, sink));
        else if (ChannelOf(header) == Analysis)
        {
            sink.IsThinking = true;
            yield return text.Until(Closings, sink.Reasoning);
            sink.IsThinking = false;
        }
        else if (sink.HasForm && ChannelOf(header) == Final)
            yield return text.Rest(sink.Content);
        else
            yield return text.Until([.. Closings, Start], sink.Content);
        if (text.Found == Start)
            text.PutBack(Start);
    }

    private static IEnumerable<Pause> ReadCall(string name, AnswerText text, AnswerSink sink)
    {
        var block = new CallBlock(text, sink);
        yield return block.Next("{");
        if (block.Found is not null)
            block.Unread();
        if (name != Python || block.Found is not null)
        {
            yield return block.Arguments(name);
            yield return block.Close(Closings, Start);
            yield break;
        }

        // The built-in tool takes code as it is.
        block.Begin(name);
        sink.Arguments("{\"code\": \"");
        yield return block.Until([], piece => sink.Arguments(AnswerJson.Inner(piece)), [.. Closings, Start]);
        if (!text.IsOver || !text.Cut)
        {
            sink.Arguments("\"}");
            block.End();
        }

        yield return block.Close(Closings, Start);
    }

    /// <summary>The channel: the first word behind the mark of it, before the recipient.</summary>
    private static string ChannelOf(string header) =>
        header.Split('\n')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "";

    /// <summary>The tool that a header names; null: none, or not to its end.</summary>
    private static string? NameOf(string header, bool isComplete)
    {
        int at = header.IndexOf(Recipient, StringComparison.Ordinal);
        if (at < 0)
            return null;
        string name = header[(at + Recipient.Length)..];
        int end = name.AsSpan().IndexOfAny(' ', '\n');
        if (end < 0 && !isComplete)
            return null;
        name = end < 0 ? name : name[..end];
        return name.StartsWith(Functions, StringComparison.Ordinal) ? name[Functions.Length..] : name;
    }

    protected override GrammarNode Call(ToolTerms tool) => Nodes.All(
        Nodes.Mark(Channel), Nodes.Text($"commentary {Recipient}{Functions}{tool.NameWithout(" <")} "), Nodes.Mark(Constrain),
            Nodes.Text("json"),
        Nodes.Mark(Message), tool.Arguments());

    /// <summary>Any reasoning, then perhaps a preamble and a call, or the answer. A turn has one call.</summary>
    public override GrammarNode Answer(
        IReadOnlyList<ToolTerms> tools, bool isRequired, bool isParallel, GrammarNode? content,
        IReadOnlyList<string> others)
    {
        GrammarNode next = Nodes.All(Nodes.Mark(End), Nodes.Mark(Start), Nodes.Text("assistant"));
        GrammarNode text = Nodes.Without([.. Marks, .. others]);
        GrammarNode Said(string channel) => Nodes.All(Nodes.Mark(Channel), Nodes.Text(channel), Nodes.Mark(Message));
        GrammarNode before = Nodes.All(Nodes.One(Said(Analysis), Said("commentary")), text, next);
        GrammarNode call = Nodes.One(tools.Select(Call));
        return Nodes.All(Nodes.Many(before), isRequired ? call : Nodes.One(call, Nodes.All(Said(Final), content ?? text)));
    }
}
