namespace Seriatim.Tokenizers;

/// <summary>
/// The state of a decoder in one run. Tokens arrive as fragments with marks for their first and last one; what a stage passes
/// on it can never take back, so pieces streamed and pieces decoded at once are equal by construction.
/// </summary>
internal abstract class DecodeStage(DecodeStage? next)
{
    /// <summary>The stage that takes this stage's result.</summary>
    protected DecodeStage Next => next!;

    /// <summary>Takes a fragment of a token.</summary>
    /// <param name="text">The fragment.</param>
    /// <param name="first">It begins a token.</param>
    /// <param name="last">It ends the token.</param>
    public abstract void Push(ReadOnlySpan<char> text, bool first, bool last);

    /// <summary>There are no more tokens: passes on what was held back.</summary>
    public virtual void Finish() => Next.Finish();
}
