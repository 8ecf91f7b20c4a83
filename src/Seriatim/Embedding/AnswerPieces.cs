using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Texts that are longer than a model reads, asked piece by piece with the whole question before each; pieces overlap, so that an
/// answer at the end of one stands whole in the next (the reference's pipeline calls it a doc stride).
/// </summary>
internal static class AnswerPieces
{
    /// <summary>The pieces; the whole if it fits, or if the question leaves no room for any.</summary>
    /// <param name="tokens">The question and the text as the model reads them.</param>
    /// <param name="limit">Tokens of a piece at most, all counted.</param>
    /// <param name="stride">Tokens of the text that a piece has of the one before, at most half of it.</param>
    public static IEnumerable<IReadOnlyList<EncodedToken>> Of(IReadOnlyList<EncodedToken> tokens, int limit, int stride)
    {
        int first = 0, end = tokens.Count;
        while (first < end && tokens[first].Sequence != 1)
            first++;
        while (end > first && tokens[end - 1].Sequence != 1)
            end--;
        int room = limit - first - (tokens.Count - end);
        if (tokens.Count <= limit || room < 1)
            return [tokens];
        int step = room - Math.Min(stride, room / 2);
        var pieces = new List<IReadOnlyList<EncodedToken>>();
        for (int start = first; ; start += step)
        {
            int stop = Math.Min(end, start + room);
            pieces.Add([.. tokens.Take(first), .. tokens.Skip(start).Take(stop - start), .. tokens.Skip(end)]);
            if (stop == end)
                return pieces;
        }
    }

    /// <summary>The best answers of all pieces.</summary>
    /// <param name="pieces">The answers of each, as <see cref="AnswerSpans.Find"/> gives them.</param>
    /// <param name="options">What is looked for.</param>
    public static IReadOnlyList<TextAnswer> Join(IReadOnlyList<TextAnswer>[] pieces, AnswerOptions options)
    {
        IEnumerable<TextAnswer> spans = pieces.SelectMany(answers => answers).Where(answer => !answer.IsNone)
            .GroupBy(answer => (answer.Start, answer.End)).Select(same => same.MaxBy(answer => answer.Probability)!);
        TextAnswer? none = pieces.SelectMany(answers => answers).Where(answer => answer.IsNone)
            .MinBy(answer => answer.Probability);
        return [.. spans.Concat(none is null ? [] : (TextAnswer[])[none])
            .OrderByDescending(answer => answer.Probability).Take(options.Count)];
    }
}
