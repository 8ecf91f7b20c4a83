namespace Seriatim.Generation;

/// <summary>
/// Where all readings of a text stand: a value that never changes, so that sequences that fork, drafts and saved masks share it.
/// </summary>
/// <param name="id">Tells it from others.</param>
/// <param name="canEnd">Whether the text may end here.</param>
/// <param name="threads">Terminals that are being read, by place; no two with the same.</param>
internal sealed class GrammarState(long id, bool canEnd, GrammarThread[] threads)
{
    private ByteSet _first;
    private bool _hasFirst;

    public long Id => id;

    public bool CanEnd => canEnd;

    public ReadOnlySpan<GrammarThread> Threads => threads;

    /// <summary>
    /// Whether a blank that the next token begins with is no part of the text: decoders of the SentencePiece kind drop it at the
    /// beginning of a text.
    /// </summary>
    public bool DropsBlank { get; init; }

    /// <summary>Whether nothing but the end may follow.</summary>
    public bool IsComplete => threads.Length == 0;

    /// <summary>Bytes that it takes, with the stacks on top of its threads; deeper ones are shared.</summary>
    public int Size
    {
        get
        {
            int size = 64;
            foreach (GrammarThread thread in threads)
                size += 24 + 16 * thread.Stack.Frames.Length + (thread.At.Items is null ? 0 : 256);
            return size;
        }
    }

    /// <summary>The tokens that may follow, once they were asked for.</summary>
    public TokenSet? Tokens { get; set; }

    /// <summary>Whether they are being found on another thread, or will be.</summary>
    public bool IsPrepared { get; set; }

    /// <summary>The bytes that may follow.</summary>
    public ByteSet First(GrammarProgram program)
    {
        if (_hasFirst)
            return _first;
        ByteSet first = default;
        foreach (GrammarThread thread in threads)
        {
            if (program[thread.Instruction].Terminal is { } terminal)
                first.Add(terminal.First(thread.At));
        }

        (_first, _hasFirst) = (first, true);
        return first;
    }
}

/// <summary>A terminal that is being read.</summary>
/// <param name="Instruction">Its instruction.</param>
/// <param name="At">The place within it.</param>
/// <param name="Stack">Where it returns to.</param>
internal readonly record struct GrammarThread(int Instruction, TerminalPlace At, GrammarStack Stack)
{
    public int State => At.State;

    public long Place => ((long)Instruction << 32) | (uint)State;

    /// <summary>Whether another one is at the same place, on whatever stacks.</summary>
    public bool IsAt(in GrammarThread other) => Instruction == other.Instruction && At == other.At;
}
