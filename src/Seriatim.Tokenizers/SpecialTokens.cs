namespace Seriatim.Tokenizers;

/// <summary>The ids of the tokens that have a role; null where the tokenizer has none.</summary>
public sealed record SpecialTokens
{
    /// <summary>Beginning of sequence.</summary>
    public int? Bos { get; init; }

    /// <summary>End of sequence.</summary>
    public int? Eos { get; init; }

    /// <summary>Padding.</summary>
    public int? Pad { get; init; }

    /// <summary>Unknown text.</summary>
    public int? Unk { get; init; }

    /// <summary>Separator (BERT).</summary>
    public int? Sep { get; init; }

    /// <summary>Classifier (BERT).</summary>
    public int? Cls { get; init; }

    /// <summary>End of a turn of a conversation, where a file names one apart from the end of sequence.</summary>
    public int? EndOfTurn { get; init; }

    /// <summary>Mask (BERT).</summary>
    public int? Mask { get; init; }
}
