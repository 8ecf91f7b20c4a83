namespace Seriatim.Tokenizers;

/// <summary>How far the training of a vocabulary is.</summary>
public readonly record struct VocabularyProgress
{
    /// <summary>What is being done.</summary>
    public required string Stage { get; init; }

    /// <summary>How much of it is done.</summary>
    public required long Done { get; init; }

    /// <summary>How much there is in all; 0 if unknown.</summary>
    public long Total { get; init; }
}
