namespace Seriatim.Models;

/// <summary>What the encoders of BERT's family differ in.</summary>
/// <param name="Width">Features of a row.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Inner">Features in the middle of a feed-forward layer.</param>
/// <param name="Positions">Positions of a sequence.</param>
/// <param name="Offset">Row of the table of positions for position 0.</param>
internal sealed record BertShape(int Width, int Heads, int Layers, int Inner, int Positions, int Offset)
{
    /// <summary>Features of the embedding; if not those of a row, rows are projected.</summary>
    public required int EmbeddingWidth { get; init; }

    /// <summary>Whether rows are projected even if they need not be; null: if the widths differ.</summary>
    public bool? FactorsEmbedding { get; init; }

    /// <summary>Token types; 0: none.</summary>
    public required int TokenTypes { get; init; }

    /// <summary>Of all norms.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Of the feed-forward layers.</summary>
    public required Activation Activation { get; init; }

    /// <summary>Of the head for masked tokens; null: as above.</summary>
    public Activation? MaskedActivation { get; init; }

    /// <summary>Of the dense layer of a classifier of whole texts.</summary>
    public Activation Pooler { get; init; } = Activation.Tanh;

    /// <summary>The earlier layer whose weights a layer has; null: each has its own.</summary>
    public Func<int, int?>? SharesWith { get; init; }

    /// <summary>How rows see each other, by layer, heads and head dimension; null: all see all.</summary>
    public Func<int, int, int, MixerSpec>? Mixer { get; init; }

    /// <summary>Dropout in training.</summary>
    public DropoutRates Dropout { get; init; } = DropoutRates.None;
}
