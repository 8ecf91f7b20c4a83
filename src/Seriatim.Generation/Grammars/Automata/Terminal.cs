namespace Seriatim.Generation;

/// <summary>Something that is walked byte by byte as a whole: the smallest thing that a grammar is made of.</summary>
internal abstract class Terminal
{
    /// <summary>Where a walk begins.</summary>
    public virtual TerminalPlace Start => new(ByteDfa.Start);

    /// <summary>The place after a byte, or <see cref="TerminalPlace.Dead"/>.</summary>
    public abstract TerminalPlace Next(TerminalPlace place, byte value);

    /// <summary>Whether a byte can follow at a place.</summary>
    public abstract bool MayGoOn(TerminalPlace place);

    /// <summary>Whether the terminal may end at a place.</summary>
    public abstract bool MayEnd(TerminalPlace place);

    /// <summary>The bytes that may come at a place.</summary>
    public abstract ByteSet First(TerminalPlace place);
}

/// <summary>A place within a terminal.</summary>
/// <param name="State">State of its automaton.</param>
/// <param name="Items">Items that have come, of a terminal whose items must differ.</param>
internal readonly record struct TerminalPlace(int State, DistinctItems? Items = null)
{
    /// <summary>No place: no continuation can end well.</summary>
    public static TerminalPlace Dead { get; } = new(ByteDfa.Dead);

    public bool IsDead => State == ByteDfa.Dead;
}
