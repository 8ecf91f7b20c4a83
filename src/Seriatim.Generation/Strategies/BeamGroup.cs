namespace Seriatim.Generation;

/// <summary>
/// Beams that are chosen among each other, and the hypotheses they have left. One, or several that keep away from each other.
/// </summary>
internal sealed class BeamGroup(int size, BeamOptions options)
{
    public int Size { get; } = size;

    public List<Sequence> Beams { get; set; } = [];

    /// <summary>How the beams go on.</summary>
    public List<BeamCandidate> Next { get; } = [];

    /// <summary>The best finished ones, at most as many as beams.</summary>
    public List<BeamHypothesis> Hypotheses { get; } = [];

    public bool IsDone { get; private set; }

    /// <summary>Keeps a finished beam if it is among the best.</summary>
    public void Keep(double sum, int[] tokens, FinishReason? reason, TokenLogprobs[]? logprobs)
    {
        double score = sum / PlainMath.Pow(tokens.Length, options.LengthPenalty);
        if (tokens.Length == 0 || double.IsNegativeInfinity(score))
            return;
        if (Hypotheses.Count >= Size)
        {
            BeamHypothesis worst = Hypotheses.MinBy(h => h.Score)!;
            if (score <= worst.Score)
                return;
            Hypotheses.Remove(worst);
        }

        Hypotheses.Add(new BeamHypothesis(tokens, score, reason, logprobs));
    }

    /// <summary>
    /// Decides whether the search is over: enough hypotheses, and no running beam can become better than the worst of them.
    /// </summary>
    /// <param name="best">Best candidate sum of this step.</param>
    /// <param name="length">Generated length with this step's token.</param>
    public void NoteStep(double best, int length)
    {
        bool enough = Hypotheses.Count >= Size;
        IsDone = Next.Count == 0 ||
            (enough && (options.EarlyStopping
                || Hypotheses.Min(h => h.Score) >= best / PlainMath.Pow(length, options.LengthPenalty)));
    }
}
