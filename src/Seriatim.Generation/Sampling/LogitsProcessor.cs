namespace Seriatim.Generation;

/// <summary>
/// One step of the chain between a row of logits and the choice of a token. It is called by the engine's thread only. One that
/// remembers something of its sequence implements <see cref="Accept"/> and <see cref="Copy"/>; the others are shared by all
/// sequences of a request.
/// </summary>
internal abstract class LogitsProcessor
{
    /// <summary>What errors and saved states call it.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Changes logits; a token that is dropped gets negative infinity.</summary>
    public abstract void Apply(LogitsRow row);

    /// <summary>
    /// A token was appended to the sequence. Called once for each, in order, whether it was chosen from a row that this processor
    /// saw or not (after a move to another engine, tokens come that were chosen there).
    /// </summary>
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
    /// <exception cref="InvalidOptionException">These bytes are no state of this processor.</exception>
    public virtual void Restore(ReadOnlySpan<byte> saved) =>
        throw new InvalidOptionException($"State of {Name}", $"{saved.Length} bytes", "this processor saves no state");

    /// <summary>The chain chose a token of this row, as all processors left it.</summary>
    internal virtual void Chose(LogitsRow row, int token)
    {
    }
}
