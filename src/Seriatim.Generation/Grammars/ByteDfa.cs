namespace Seriatim.Generation;

/// <summary>
/// A deterministic finite automaton over bytes: a regular language of UTF-8 texts. From each of its states a text can still end
/// well, unless the language is empty; what leads nowhere is <see cref="Dead"/>.
/// </summary>
/// <param name="classOf">The class of each of the 256 bytes; bytes of one class lead the same way everywhere.</param>
/// <param name="classes">Number of classes.</param>
/// <param name="next">The next state by state and class, <see cref="Dead"/> for none: <c>[states, classes]</c>.</param>
/// <param name="accepts">Whether a text may end, by state. State 0 is the start.</param>
internal sealed class ByteDfa(byte[] classOf, int classes, int[] next, bool[] accepts)
{
    /// <summary>No state: no continuation can end well.</summary>
    public const int Dead = -1;

    /// <summary>The state before the first byte.</summary>
    public const int Start = 0;

    /// <summary>Number of states, 1 or more.</summary>
    public int States => accepts.Length;

    /// <summary>Number of classes of bytes.</summary>
    public int Classes => classes;

    /// <summary>Whether no text belongs to the language.</summary>
    public bool IsEmpty => !accepts.AsSpan().Contains(true);

    /// <summary>The state after a byte, or <see cref="Dead"/>.</summary>
    public int Next(int state, byte value) => next[state * classes + classOf[value]];

    /// <summary>The class of a byte.</summary>
    public int ClassOf(byte value) => classOf[value];

    /// <summary>The state after a byte of a class, or <see cref="Dead"/>.</summary>
    public int NextOfClass(int state, int byteClass) => next[state * classes + byteClass];

    /// <summary>Whether a text may end here.</summary>
    public bool Accepts(int state) => accepts[state];
}
