namespace Seriatim.Generation;

/// <summary>Classes of bytes that need not be told apart, each with a byte that stands for it.</summary>
internal sealed class ByteClasses
{
    private ByteClasses(byte[] classOf, int[] representatives) => (ClassOf, Representatives) = (classOf, representatives);

    /// <summary>Each byte for itself.</summary>
    public static ByteClasses Each { get; } = By(value => value);

    /// <summary>The class of each of the 256 bytes.</summary>
    public byte[] ClassOf { get; }

    /// <summary>A byte of each class.</summary>
    public int[] Representatives { get; }

    /// <summary>Bytes of one key are one class.</summary>
    public static ByteClasses By(Func<int, int> key)
    {
        var numbers = new Dictionary<int, byte>();
        var representatives = new List<int>();
        var classOf = new byte[256];
        for (int value = 0; value < 256; value++)
        {
            if (!numbers.TryGetValue(key(value), out byte number))
            {
                numbers.Add(key(value), number = (byte)representatives.Count);
                representatives.Add(value);
            }
            classOf[value] = number;
        }
        return new ByteClasses(classOf, [.. representatives]);
    }

    /// <summary>Bytes that are one class in both automata.</summary>
    public static ByteClasses Common(ByteDfa one, ByteDfa other) =>
        By(value => one.ClassOf((byte)value) * 256 + other.ClassOf((byte)value));

    /// <summary>The classes of an automaton.</summary>
    public static ByteClasses Of(ByteDfa dfa) => By(value => dfa.ClassOf((byte)value));

    /// <summary>The bytes of a text each for itself, all others one class.</summary>
    public static ByteClasses Among(string bytes) => By(value => bytes.IndexOf((char)value));
}
