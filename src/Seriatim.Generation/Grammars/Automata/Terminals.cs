using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Seriatim.Generation;

/// <summary>Small questions about automata over bytes.</summary>
internal static class Terminals
{
    /// <summary>Whether a byte can follow in a state.</summary>
    public static bool GoesOn(ByteDfa language, int state)
    {
        for (int one = 0; one < language.Classes; one++)
        {
            if (language.NextOfClass(state, one) != ByteDfa.Dead)
                return true;
        }

        return false;
    }

    /// <summary>The bytes that can follow in a state.</summary>
    public static ByteSet First(ByteDfa language, int state)
    {
        ByteSet first = default;
        for (int value = 0; value < 256; value++)
        {
            if (language.Next(state, (byte)value) != ByteDfa.Dead)
                first.Add((byte)value);
        }

        return first;
    }

    /// <summary>Whether there is a text beside the empty one.</summary>
    public static bool HasMore(ByteDfa language) => GoesOn(language, ByteDfa.Start);

    /// <summary>The same texts but for the empty one: a start of its own, to which nothing leads back.</summary>
    public static ByteDfa WithoutEmpty(ByteDfa language)
    {
        (byte[] classOf, int[] next, bool[] accepts) = Copy(language, language.States + 1);
        for (int state = language.States; state >= 0; state--)
        {
            int from = state == 0 ? 0 : state - 1;
            accepts[state] = state > 0 && language.Accepts(from);
            for (int one = 0; one < language.Classes; one++)
            {
                int to = language.NextOfClass(from, one);
                next[state * language.Classes + one] = to == ByteDfa.Dead ? to : to + 1;
            }
        }

        return new ByteDfa(classOf, language.Classes, next, accepts);
    }

    /// <summary>The automaton of a fixed text.</summary>
    public static ByteDfa OfText(ReadOnlySpan<byte> text)
    {
        byte[] classOf = new byte[256];
        int classes = 1;
        foreach (byte value in text)
        {
            if (classOf[value] == 0)
                classOf[value] = (byte)classes++;
        }

        // Class 0 are the bytes that do not occur; if all 256 do, the last of them has none of its own.
        if (classes > 256)
        {
            byte[] copy = text.ToArray();
            return Language.Of(nfa => nfa.Literal(copy));
        }

        int[] next = new int[(text.Length + 1) * classes];
        Array.Fill(next, ByteDfa.Dead);
        bool[] accepts = new bool[text.Length + 1];
        accepts[^1] = true;
        for (int i = 0; i < text.Length; i++)
            next[i * classes + classOf[text[i]]] = i + 1;
        return new ByteDfa(classOf, classes, next, accepts);
    }

    /// <summary>
    /// Tells equal automata: a hash of all that one is, which nobody can find two of, so that it is as good as the whole.
    /// </summary>
    public static string KeyOf(ByteDfa language)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> classOf = stackalloc byte[256];
        for (int value = 0; value < 256; value++)
            classOf[value] = (byte)language.ClassOf((byte)value);
        hash.AppendData(classOf);
        int[] row = new int[language.Classes + 1];
        for (int state = 0; state < language.States; state++)
        {
            row[0] = language.Accepts(state) ? 1 : 0;
            for (int one = 0; one < language.Classes; one++)
                row[one + 1] = language.NextOfClass(state, one);
            hash.AppendData(MemoryMarshal.AsBytes<int>(row));
        }

        return Convert.ToBase64String(hash.GetHashAndReset());
    }

    private static (byte[] ClassOf, int[] Next, bool[] Accepts) Copy(ByteDfa language, int states)
    {
        byte[] classOf = new byte[256];
        for (int value = 0; value < 256; value++)
            classOf[value] = (byte)language.ClassOf((byte)value);
        return (classOf, new int[states * language.Classes], new bool[states]);
    }
}
