namespace Seriatim.Generation;

/// <summary>An automaton over bytes that is walked as a whole: the smallest thing that a grammar is made of.</summary>
internal abstract class Terminal
{
    /// <summary>The state after a byte, or <see cref="ByteDfa.Dead"/>.</summary>
    public abstract int Next(int state, byte value);

    /// <summary>Whether a byte can follow in a state.</summary>
    public abstract bool MayGoOn(int state);

    /// <summary>Whether the terminal may end in a state.</summary>
    public abstract bool MayEnd(int state);

    /// <summary>The bytes that may come in a state.</summary>
    public abstract ByteSet First(int state);
}
