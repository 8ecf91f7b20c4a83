namespace Seriatim.Generation;

/// <summary>A whole target after a pass: it takes the place of what the pass before told.</summary>
public sealed record RefinementStep
{
    /// <summary>The pass, from 1.</summary>
    public required int Pass { get; init; }

    /// <summary>How many there are.</summary>
    public required int Passes { get; init; }

    /// <summary>All ids of the best candidate so far.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>Log-probability of each, as it was when it was last predicted.</summary>
    public required IReadOnlyList<double> Logprobs { get; init; }

    /// <summary>Places of them that are masked and predicted again in the next pass; none in the last.</summary>
    public required IReadOnlyList<int> Masked { get; init; }

    /// <summary>Their text; empty without a <see cref="GenerationRequest.Tokenizer"/>.</summary>
    public required string Text { get; init; }
}
