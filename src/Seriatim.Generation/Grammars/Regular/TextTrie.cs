using System.Text;

namespace Seriatim.Generation;

/// <summary>
/// The automaton of a list of texts, made as a tree of what they begin with: it takes no more than their bytes, so long lists
/// (<c>enum</c>) may have more states than a pattern may.
/// </summary>
internal static class TextTrie
{
    /// <summary>Most states before equal ends are joined: about 6,000 texts of 36 letters.</summary>
    public const int MaxStates = 200_000;

    private const int MaxCells = 16_000_000;

    /// <summary>The language of some texts.</summary>
    /// <exception cref="LanguageTooLargeException">They are too many.</exception>
    public static ByteDfa Of(IEnumerable<string> texts)
    {
        var edges = new Dictionary<(int State, byte Value), int>();
        var ends = new HashSet<int>();
        var classOf = new byte[256];
        // Class 0 is of the bytes that do not come; UTF-8 leaves some out, so there is always room for it.
        int states = 1, classes = 1;
        foreach (string text in texts)
        {
            int at = 0;
            foreach (byte value in Encoding.UTF8.GetBytes(text))
            {
                if (classOf[value] == 0)
                    classOf[value] = (byte)classes++;
                if (!edges.TryGetValue((at, value), out int next))
                    edges.Add((at, value), next = states++);
                at = next;
                if (states > MaxStates || (long)states * classes > MaxCells)
                    throw new LanguageTooLargeException(Math.Min(MaxStates, MaxCells / classes));
            }
            ends.Add(at);
        }
        var table = new int[states * classes];
        Array.Fill(table, ByteDfa.Dead);
        foreach (((int state, byte value), int next) in edges)
            table[state * classes + classOf[value]] = next;
        var accepts = new bool[states];
        foreach (int end in ends)
            accepts[end] = true;
        return Minimizer.Run(classOf, classes, table, accepts, MaxStates);
    }
}
