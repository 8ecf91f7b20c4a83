namespace Seams.Tests;

/// <summary>
/// A strategy of a user's, in one file: the masks of a text are filled over several passes of an encoder, each time those that it
/// is surest of (Ghazvininejad et al., 2019, without the length predictor). Not one token
/// after the other, and nothing remembered.
/// </summary>
/// <param name="mask">Id of the mask.</param>
/// <param name="iterations">Passes.</param>
public sealed class MaskFilling(int mask, int iterations) : Strategy
{
    /// <inheritdoc/>
    public override string Name => $"mask-filling {iterations}";

    /// <inheritdoc/>
    public override bool Remembers => false;

    /// <inheritdoc/>
    public override bool Streams(GenerationRequest request) => false;

    /// <inheritdoc/>
    public override void Wish(RequestState state, WishList wishes) => wishes.ReadWhole(state.Live[0], Masks(state.Live[0]));

    /// <inheritdoc/>
    public override void Take(StrategyStep step)
    {
        SequenceState text = step.Ready[0];
        int[] places = Masks(text);
        var found = new List<(float Logit, int Place, int Token)>();
        for (int i = 0; i < places.Length; i++)
        {
            ReadOnlySpan<float> logits = step.Logits(text, i);
            int token = step.Choose(text, logits);
            found.Add((logits[token], places[i], token));
        }

        int passes = iterations - step.State.Steps++;
        foreach ((_, int place, int token) in found.OrderByDescending(one => one.Logit).ThenBy(one => one.Place)
            .Take((places.Length + passes - 1) / passes))
            step.Replace(text, place, token);
        if (Masks(text).Length == 0)
            step.Finish(text, FinishReason.Length);
    }

    private int[] Masks(SequenceState text) =>
        [.. Enumerable.Range(0, text.Tokens.Count).Where(place => text.Tokens[place] == mask)];
}
