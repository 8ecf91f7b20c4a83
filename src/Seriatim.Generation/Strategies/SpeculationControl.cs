namespace Seriatim.Generation;

/// <summary>How much a sequence drafts, by how much was accepted so far and by what a row costs.</summary>
/// <param name="options">What the request says of it.</param>
/// <param name="gain">Is told what it has brought; null: nobody is.</param>
internal sealed class SpeculationControl(SpeculationOptions options, SpeculationGain? gain = null)
{
    private const double Memory = 0.9;
    private double _drafted = 1;
    private double _accepted = 0.7;
    private int _pause;
    private int _backOff = 8;
    private double _tokenSeconds;
    private double _rowSeconds;

    public SpeculationOptions Options { get; } = options;

    /// <summary>Chance that a drafted token is accepted, given that those before it were: a running average.</summary>
    public double Acceptance => Math.Clamp(_accepted / _drafted, 0.01, 0.99);

    /// <summary>Notes how many of the drafted tokens were accepted; those after the first rejected one say nothing.</summary>
    public void Verified(int drafted, int accepted)
    {
        _drafted = _drafted * Memory + Math.Min(drafted, accepted + 1);
        _accepted = _accepted * Memory + accepted;
        _backOff = accepted > 0 ? 8 : Math.Min(256, _backOff * 2);
        gain?.Add(accepted * _tokenSeconds - drafted * _rowSeconds);
    }

    /// <summary>
    /// Length of the next draft: the k that gives most tokens for the time, <c>(S + E(k) - 1) / (T + k · row)</c>, where S
    /// sequences get a token each in a step of time T, and <c>E(k) = (1 - a^(k+1)) / (1 - a)</c> tokens are expected of k drafts.
    /// 0: it does not pay; then it is tried again after a while with a single token.
    /// </summary>
    public int Length(StepCost cost, int sequences, double draftCost)
    {
        double step = cost.Seconds(sequences);
        double row = cost.SecondsOfRow + draftCost;
        (_tokenSeconds, _rowSeconds) = (step / sequences, row);
        if (Options.Always)
            return Options.MaxTokens;
        if (_pause > 0 && --_pause > 0)
            return 0;
        (double best, int length) = (sequences / step, 0);
        (double expected, double power) = (1, 1);
        for (int k = 1; k <= Options.MaxTokens; k++)
        {
            power *= Acceptance;
            expected += power;
            double rate = (sequences + expected - 1) / (step + k * row);
            if (rate > best)
                (best, length) = (rate, k);
        }

        if (length > 0)
            return length;
        _pause = _backOff;
        return 1;
    }
}
