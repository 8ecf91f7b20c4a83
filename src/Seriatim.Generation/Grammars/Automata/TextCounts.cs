namespace Seriatim.Generation;

/// <summary>How many texts an automaton has, by state.</summary>
internal static class TextCounts
{
    /// <summary>As many texts as no answer has, and more, count as without limit.</summary>
    public const long Unlimited = 1L << 40;

    /// <summary>By state, the number of texts from there to an end, at most <see cref="Unlimited"/>.</summary>
    public static long[] Of(ByteDfa language)
    {
        long[] sizes = new long[language.Classes];
        for (int value = 0; value < 256; value++)
            sizes[language.ClassOf((byte)value)]++;
        int[] open = new int[language.States];
        var before = new List<int>[language.States];
        for (int state = 0; state < language.States; state++)
            before[state] = [];
        for (int state = 0; state < language.States; state++)
        {
            for (int one = 0; one < language.Classes; one++)
            {
                if (language.NextOfClass(state, one) is >= 0 and var next)
                {
                    open[state]++;
                    before[next].Add(state);
                }
            }
        }

        // What is never counted goes round, and so has no limit: each state leads to an end.
        long[] counts = new long[language.States];
        Array.Fill(counts, Unlimited);
        var ready = new Stack<int>(Enumerable.Range(0, language.States).Where(state => open[state] == 0));
        while (ready.TryPop(out int state))
        {
            long count = language.Accepts(state) ? 1 : 0;
            for (int one = 0; one < language.Classes && count < Unlimited; one++)
            {
                if (language.NextOfClass(state, one) is >= 0 and var next)
                    count += sizes[one] * counts[next];
            }

            counts[state] = Math.Min(count, Unlimited);
            foreach (int earlier in before[state])
            {
                if (--open[earlier] == 0)
                    ready.Push(earlier);
            }
        }

        return counts;
    }
}
