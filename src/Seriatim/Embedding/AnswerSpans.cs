using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Finds the best answers from the scores of their beginnings and ends (Devlin et al., 2018, section 4.2).</summary>
internal static class AnswerSpans
{
    /// <summary>The best spans, as many as are asked for, and after them, if it may be one, that there is none.</summary>
    /// <param name="context">The text that is asked.</param>
    /// <param name="tokens">The question and the text as the model reads them.</param>
    /// <param name="logits">Two scores of each token: of a beginning, of an end.</param>
    /// <param name="options">What is looked for.</param>
    public static IReadOnlyList<TextAnswer> Find(
        string context, IReadOnlyList<EncodedToken> tokens, IReadOnlyList<float[]> logits, AnswerOptions options)
    {
        // The first token stands for no answer.
        int[] places = [.. Enumerable.Range(0, tokens.Count).Where(i => i == 0 || tokens[i].Sequence == 1)];
        double[] begins = Softmax(places, logits, 0), ends = Softmax(places, logits, 1);
        var best = new PriorityQueue<(int Begin, int End), double>();
        void Offer(int begin, int end)
        {
            best.Enqueue((begin, end), begins[begin] * ends[end]);
            if (best.Count > options.Count)
                best.Dequeue();
        }

        for (int begin = 1; begin < places.Length; begin++)
        {
            for (int end = begin; end < Math.Min(places.Length, begin + options.LongestAnswer); end++)
                Offer(begin, end);
        }

        var found = new List<TextAnswer>();
        while (best.TryDequeue(out (int Begin, int End) span, out double probability))
        {
            int start = tokens[places[span.Begin]].Start, stop = Math.Max(start, tokens[places[span.End]].End);
            found.Add(new TextAnswer { Start = start, End = stop, Text = context[start..stop], Probability = probability });
        }

        found.Reverse();
        if (options.AllowsNone)
            found.Add(new TextAnswer { Start = 0, End = 0, Text = "", Probability = begins[0] * ends[0], IsNone = true });
        return found;
    }

    private static double[] Softmax(int[] places, IReadOnlyList<float[]> logits, int side)
    {
        double max = places.Max(place => logits[place][side]);
        double[] values = [.. places.Select(place => Math.Exp(logits[place][side] - max))];
        double sum = values.Sum();
        return [.. values.Select(value => value / sum)];
    }
}
