namespace Seriatim.Tokenizers;

/// <summary>
/// The state of a decoder in one run. Tokens arrive as fragments with marks for their first and last one; what a stage passes
/// on it can never take back, so pieces streamed and pieces decoded at once are equal by construction.
/// </summary>
internal abstract class DecodeStage(DecodeStage? next)
{
    private DecodeStage? _next = next;

    /// <summary>The stage that takes this stage's result.</summary>
    protected DecodeStage Next => _next!;

    /// <summary>A copy of this stage and of those after it, whose last one is <paramref name="end"/>.</summary>
    public DecodeStage Copy(TextStage end)
    {
        if (_next is null)
            return end;
        var copy = (DecodeStage)MemberwiseClone();
        copy._next = _next.Copy(end);
        copy.OwnBuffers();
        return copy;
    }

    /// <summary>Takes a fragment of a token.</summary>
    /// <param name="text">The fragment.</param>
    /// <param name="first">It begins a token.</param>
    /// <param name="last">It ends the token.</param>
    public abstract void Push(ReadOnlySpan<char> text, bool first, bool last);

    /// <summary>There are no more tokens: passes on what was held back.</summary>
    public virtual void Finish() => Next.Finish();

    /// <summary>After a copy: buffers that the copy still shares with its original become its own.</summary>
    protected virtual void OwnBuffers()
    {
    }
}
