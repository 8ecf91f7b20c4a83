namespace Seams.Tests;

/// <summary>
/// A strategy of a user's, in one file: several sequences draw a token each, the token that most of them drew is appended to all.
/// They are read together, fork from one prompt and share their pages.
/// </summary>
/// <param name="jurors">Sequences.</param>
public sealed class Jury(int jurors) : Strategy
{
    /// <inheritdoc/>
    public override string Name => $"jury {jurors}";

    /// <inheritdoc/>
    public override int WidthOf(GenerationRequest request) => jurors;

    /// <inheritdoc/>
    public override void Wish(RequestState state, WishList wishes) => wishes.ReadTogether(state.Live);

    /// <inheritdoc/>
    public override void Take(StrategyStep step)
    {
        SequenceState first = step.Ready[0];
        while (!step.State.HasBegun && step.State.Live.Count < jurors)
            step.Fork(first);
        step.State.HasBegun = true;
        SequenceState[] all = [.. step.State.Live];
        ReadOnlySpan<float> logits = step.Logits(first);
        var votes = new Dictionary<int, int>();
        foreach (SequenceState juror in all)
        {
            int token = step.Choose(juror, logits);
            votes[token] = votes.GetValueOrDefault(token) + 1;
        }

        int verdict = votes.OrderByDescending(vote => vote.Value).ThenBy(vote => vote.Key).First().Key;
        foreach (SequenceState juror in all)
            step.Extend(juror, verdict, logits);
    }

    /// <inheritdoc/>
    public override IEnumerable<SequenceState> Choices(RequestState state) => base.Choices(state).Take(1);
}
