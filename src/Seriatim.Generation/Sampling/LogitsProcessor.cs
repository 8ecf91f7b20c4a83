namespace Seriatim.Generation;

/// <summary>
/// One step of the chain between a row of logits and the choice of a token. Derive from it to choose tokens in your own way
/// (<see cref="SamplingOptions.Processors"/>).
/// </summary>
/// <remarks>
/// One that remembers nothing of a sequence needs <see cref="Apply"/> alone. It is shared by all sequences, and by engines if it
/// is given to several at a time. One that does remember implements <see cref="Accept"/> and <see cref="Copy"/>: each sequence
/// then has a copy of its own, used by one thread. What it does must follow from the row and the accepted tokens alone; then a
/// request gives the same tokens under any load, with drafts and after a preemption.
/// <para>
/// An exception ends the request, as a <see cref="ProcessorException"/> with the name of the processor, and no other.
/// </para>
/// </remarks>
public abstract class LogitsProcessor
{
    /// <summary>
    /// What errors and saved states call it. A saved request finds its processors by their names: put into it what tells two of
    /// one kind apart, e.g. <c>top_a 0.2</c>.
    /// </summary>
    public virtual string Name => GetType().Name;

    /// <summary>
    /// Changes logits; a token that is dropped gets negative infinity. Changes nothing that is remembered: a row may be looked at
    /// more often than a token is appended.
    /// </summary>
    /// <param name="row">The row; not to be kept.</param>
    public abstract void Apply(LogitsRow row);

    /// <summary>
    /// A token was appended to the output. Called once for each new token (not for the prompt's), in order, whether it was chosen
    /// from a row that this processor saw or not (after a move to another engine, tokens come that were chosen there).
    /// </summary>
    /// <param name="token">Its id.</param>
    public virtual void Accept(int token)
    {
    }

    /// <summary>
    /// A processor with the same state that goes its own way from here; itself if it has none. Sequences fork, and drafts are
    /// chosen with copies that are thrown away.
    /// </summary>
    public virtual LogitsProcessor Copy() => this;

    /// <summary>
    /// The state, for <see cref="Restore"/>; null: <see cref="Accept"/> of each new token in order makes it anew.
    /// </summary>
    public virtual byte[]? Save() => null;

    /// <summary>Takes over what <see cref="Save"/> gave; called instead of accepting the tokens before.</summary>
    /// <param name="saved">The bytes: perhaps from another process, so to be checked.</param>
    /// <exception cref="Exception">These bytes are no state of this processor: any exception says so.</exception>
    public virtual void Restore(ReadOnlySpan<byte> saved) =>
        throw new InvalidOptionException($"State of {Name}", $"{saved.Length} bytes", "this processor saves no state");

    /// <summary>The chain chose a token of this row, as all processors left it.</summary>
    internal virtual void Chose(LogitsRow row, int token)
    {
    }
}
