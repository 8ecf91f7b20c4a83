namespace Seriatim.Lab;

/// <summary>
/// One condition of a verdict, written down before anything is measured: a figure within the near bounds holds, within
/// the far bounds it holds with another factor. Bounds are constants; what is predicted for this run is part of the figure
/// (measured / predicted).
/// </summary>
/// <param name="Figure">The key of the figure.</param>
/// <param name="Words">What is expected, in words.</param>
/// <param name="Low">At least this holds.</param>
/// <param name="High">At most this holds.</param>
/// <param name="FarLow">At least this holds with another factor.</param>
/// <param name="FarHigh">At most this holds with another factor.</param>
internal sealed record Expectation(string Figure, LabText Words, double Low, double High, double FarLow, double FarHigh)
{
    /// <summary>Expects at least <paramref name="low"/>; at least <paramref name="far"/> is another factor.</summary>
    public static Expectation AtLeast(string figure, LabText words, double low, double far) =>
        new(figure, words, low, double.PositiveInfinity, far, double.PositiveInfinity);

    /// <summary>Expects at most <paramref name="high"/>; at most <paramref name="far"/> is another factor.</summary>
    public static Expectation AtMost(string figure, LabText words, double high, double far) =>
        new(figure, words, double.NegativeInfinity, high, double.NegativeInfinity, far);

    /// <summary>Expects exactly a number: for what is counted, not timed.</summary>
    public static Expectation Exactly(string figure, LabText words, double value) =>
        new(figure, words, value, value, value, value);

    /// <summary>What a value means. Not a number never holds.</summary>
    public Verdict Judge(double value) =>
        value >= Low && value <= High ? Verdict.Holds
        : value >= FarLow && value <= FarHigh ? Verdict.HoldsWithAnotherFactor
        : Verdict.DoesNotHold;

    /// <summary>The worst of several verdicts; a figure that is not there leaves the claim open.</summary>
    public static Verdict Judge(IReadOnlyList<Expectation> rule, IReadOnlyList<Figure> figures)
    {
        var worst = Verdict.Holds;
        foreach (Expectation expectation in rule)
        {
            Figure? figure = figures.FirstOrDefault(f => f.Key == expectation.Figure);
            Verdict verdict = figure is null ? Verdict.Unfinished : expectation.Judge(figure.Value);
            worst = (Verdict)Math.Max((int)worst, (int)verdict);
        }

        return worst;
    }
}
