using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// How a model writes calls of tools. A format is one file, and one row of <see cref="ToolFormats"/> says which templates mean
/// it.
/// </summary>
internal abstract class ToolFormat
{
    /// <summary>All marks. Outside of reasoning and strings none of them is text.</summary>
    public abstract IReadOnlyList<string> Marks { get; }

    /// <summary>Those that begin a block.</summary>
    public abstract IReadOnlyList<string> Openings { get; }

    /// <summary>Those that end the message, so that nothing follows.</summary>
    public virtual IReadOnlyList<string> Ends => [];

    /// <summary>
    /// Whether the format has blocks for reasoning and for answers too, and is read even where no tools are offered.
    /// </summary>
    public virtual bool HoldsReasoning => false;

    /// <summary>Reads what an answer may begin with, where that is no mark; what is nothing of the kind is left.</summary>
    public virtual IEnumerable<Pause> ReadStart(AnswerText text, AnswerSink sink) => [];

    /// <summary>Reads a block.</summary>
    /// <param name="opening">The mark that has begun it; it has been passed.</param>
    /// <param name="text">The answer.</param>
    /// <param name="sink">Takes what is read.</param>
    public abstract IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink);

    /// <summary>Answers with this format's calls, as a grammar.</summary>
    /// <param name="tools">The tools that may be called.</param>
    /// <param name="isRequired">Whether there is a call in any case.</param>
    /// <param name="isParallel">Whether there may be several.</param>
    /// <param name="content">What an answer without calls is; null: any text.</param>
    /// <param name="others">Marks that are not the format's, and that stand in no text beside calls either.</param>
    public virtual GrammarNode Answer(IReadOnlyList<ToolTerms> tools, bool isRequired, bool isParallel, GrammarNode? content,
        IReadOnlyList<string> others)
    {
        GrammarNode calls = Calls(Nodes.One(tools.Select(Call)), isParallel);
        if (isRequired)
            return calls;
        return content is null ? Nodes.One(calls, Nodes.All(Text(others), Nodes.Maybe(calls))) : Nodes.One(calls, content);
    }

    /// <summary>Text beside calls: no mark stands in it.</summary>
    protected virtual GrammarNode Text(IReadOnlyList<string> others) => Nodes.Without([.. Openings, .. others]);

    /// <summary>One call.</summary>
    protected abstract GrammarNode Call(ToolTerms tool);

    /// <summary>One call, or several.</summary>
    protected virtual GrammarNode Calls(GrammarNode call, bool isParallel) =>
        isParallel ? Nodes.All(call, Nodes.Many(Nodes.All(Nodes.Text("\n"), call))) : call;
}
