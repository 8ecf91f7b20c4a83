namespace Seriatim.Generation;

/// <summary>A token and its probability.</summary>
public readonly record struct TokenLogprob
{
    /// <summary>The token.</summary>
    public required int TokenId { get; init; }

    /// <summary>Natural logarithm of its probability under the model, before temperature, penalties and truncation.</summary>
    public required double Logprob { get; init; }
}
