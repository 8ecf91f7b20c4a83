namespace Seriatim;

/// <summary>A token that may stand at a mask.</summary>
public sealed record FilledMask
{
    /// <summary>The token.</summary>
    public required int TokenId { get; init; }

    /// <summary>Its text; empty for ids the tokenizer does not know.</summary>
    public required string Text { get; init; }

    /// <summary>Its probability.</summary>
    public required double Probability { get; init; }
}
