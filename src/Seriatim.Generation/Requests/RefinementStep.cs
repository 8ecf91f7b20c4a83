namespace Seriatim.Generation;

/// <summary>A whole target after a pass: it takes the place of what the pass before told.</summary>
/// <param name="Pass">The pass, from 1.</param>
/// <param name="Passes">How many there are.</param>
/// <param name="TokenIds">All ids of the best candidate so far.</param>
/// <param name="Logprobs">Log-probability of each, as it was when it was last predicted.</param>
/// <param name="Masked">Places of them that are masked and predicted again in the next pass; none in the last.</param>
/// <param name="Text">Their text; empty without a <see cref="GenerationRequest.Tokenizer"/>.</param>
public sealed record RefinementStep(
    int Pass, int Passes, IReadOnlyList<int> TokenIds, IReadOnlyList<double> Logprobs, IReadOnlyList<int> Masked,
    string Text);
