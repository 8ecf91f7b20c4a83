using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Which states of an automaton do the same with all texts of so many bytes: by rounds, in each of which states that were alike
/// stay so if all bytes lead to states that were (E. F. Moore, 1956). Of the states that count something far from its limit most
/// are alike, so what short tokens do is found once for all of them.
/// </summary>
internal static class TerminalLikeness
{
    /// <summary>A number for each state; those of states that are alike are the same.</summary>
    /// <param name="terminal">The automaton.</param>
    /// <param name="bytes">Most bytes of a text.</param>
    public static int[] Of(TableTerminal terminal, int bytes)
    {
        int classes = terminal.Language.Classes;
        ReadOnlySpan<int> next = terminal.Table;
        int[] alike = new int[terminal.Language.States];
        for (int state = 0; state < alike.Length; state++)
            alike[state] = (terminal.Accepts[state] ? 1 : 0) | (terminal.GoesOn[state] ? 2 : 0);
        int[] rows = new int[alike.Length * (classes + 1)];
        int kinds = 0;
        for (int round = 0; round < bytes; round++)
        {
            for (int state = 0; state < alike.Length; state++)
            {
                int at = state * (classes + 1);
                rows[at] = alike[state];
                for (int one = 0; one < classes; one++)
                    rows[at + one + 1] = next[state * classes + one] is >= 0 and var to ? alike[to] : ByteDfa.Dead;
            }

            var known = new Dictionary<Row, int>(2 * kinds);
            for (int state = 0; state < alike.Length; state++)
            {
                var row = new Row(rows, state * (classes + 1), classes + 1);
                ref int kind = ref CollectionsMarshal.GetValueRefOrAddDefault(known, row, out bool isKnown);
                alike[state] = kind = isKnown ? kind : known.Count - 1;
            }

            if (known.Count == kinds)
                break;
            kinds = known.Count;
        }

        return alike;
    }

    /// <summary>A part of a table, compared by what it holds.</summary>
    private readonly struct Row(int[] rows, int at, int length) : IEquatable<Row>
    {
        private ReadOnlySpan<int> Values => rows.AsSpan(at, length);

        public bool Equals(Row other) => Values.SequenceEqual(other.Values);

        public override bool Equals(object? obj) => obj is Row other && Equals(other);

        public override int GetHashCode()
        {
            uint hash = 0;
            foreach (int value in Values)
                hash = hash * 0x9E3779B1 + (uint)value + 1;
            return (int)(hash ^ (hash >> 15));
        }
    }
}
