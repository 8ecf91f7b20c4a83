namespace Seriatim.Generation;

/// <summary>
/// All stacks that a thread may have at a place, as one value that never changes: the places to return to, and below each of
/// them, again, all stacks that it may lie on. Equal ones are one object (<see cref="GrammarMachine"/>), so that a text with
/// ever more readings needs ever more layers, and not ever more stacks (the graph-structured stack of Tomita, 1985).
/// </summary>
/// <param name="id">Tells it from others.</param>
/// <param name="canEnd">Whether it may be the empty stack: then the text may end.</param>
/// <param name="frames">What may lie on top, by place.</param>
internal sealed class GrammarStack(long id, bool canEnd, GrammarFrame[] frames)
{
    public long Id => id;

    public bool CanEnd => canEnd;

    public ReadOnlySpan<GrammarFrame> Frames => frames;
}

/// <summary>A place to return to.</summary>
/// <param name="Place">Instruction and, of a loop, the rounds that were begun: <c>instruction · 2^32 + rounds</c>.</param>
/// <param name="Below">What it lies on.</param>
internal readonly record struct GrammarFrame(long Place, GrammarStack Below)
{
    public static long PlaceOf(int instruction, int rounds) => ((long)instruction << 32) | (uint)rounds;
}
