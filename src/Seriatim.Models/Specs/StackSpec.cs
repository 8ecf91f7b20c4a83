namespace Seriatim.Models;

/// <summary>A stack of layers with its embedding: an encoder or a decoder.</summary>
/// <param name="Vocabulary">Number of token ids, V.</param>
/// <param name="Width">Features of a row, E.</param>
/// <param name="Visibility">What rows see of their sequence: full in encoders, causal in decoders.</param>
/// <param name="Layers">The layers, in order.</param>
public sealed record StackSpec(int Vocabulary, int Width, Visibility Visibility, IReadOnlyList<LayerSpec> Layers)
{
    private readonly int? _embeddingWidth;

    /// <summary>
    /// Features of the embedding; if not E, rows are projected in, and out again after the last layer (OPT-350m).
    /// </summary>
    public int EmbeddingWidth
    {
        get => _embeddingWidth ?? Width;
        init => _embeddingWidth = value;
    }

    /// <summary>
    /// Whether an embedding of another width is projected to E and back; otherwise the first layer takes its rows as they are
    /// and makes rows of E features of them, as an LSTM does.
    /// </summary>
    public bool ProjectsEmbedding { get; init; } = true;

    /// <summary>
    /// Whether rows stay at the embedding's width until types, positions and norm are done, and are then projected to E with a
    /// bias, and never back (Lan et al., 2019: ALBERT's factorised embedding; ELECTRA).
    /// </summary>
    public bool FactorsEmbedding { get; init; }

    /// <summary>Features that types, positions and the norm of the embedding have.</summary>
    internal int StartWidth => FactorsEmbedding ? EmbeddingWidth : Width;

    /// <summary>Features of the rows that a layer takes.</summary>
    /// <param name="layer">Its number.</param>
    public int InputWidth(int layer) => layer == 0 && !ProjectsEmbedding ? EmbeddingWidth : Width;

    /// <summary>
    /// Whether the residual stream has two halves of E features each (<see cref="Placement.Reversible"/>), both of which begin as
    /// the embedding.
    /// </summary>
    public bool HasHalves => Layers.Count > 0 && Layers[0].Placement == Placement.Reversible;

    /// <summary>Features of a row that leaves the stack.</summary>
    public int OutputWidth => HasHalves ? 2 * Width
        : ProjectsEmbedding && !FactorsEmbedding ? EmbeddingWidth : Width;

    /// <summary>
    /// Whether what comes later in a sequence can change its earlier rows, so that each step of generation reads all of it again
    /// and the ids are all that is remembered. A row that a step gives is that of the sequence which ends with it.
    /// </summary>
    public bool ReadsAgain => Layers.Any(layer => layer.Mixer.ReadsAgain);

    /// <summary>Factor of the token embedding.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>
    /// The id of the padding token, if looking it up leaves no gradient (<c>padding_idx</c> of the reference); or null.
    /// </summary>
    public int? FrozenId { get; init; }

    /// <summary>Positions added to the embedding: none, sinusoidal, learned or axial.</summary>
    public PositionSpec Position { get; init; } = new PositionSpec.None();

    /// <summary>Most positions that the added ones are there for; <see cref="int.MaxValue"/> where nothing limits them.</summary>
    internal int PositionCount => Position switch
    {
        PositionSpec.Learned learned => learned.Count,
        PositionSpec.Sinusoidal sinusoidal => sinusoidal.Count,
        _ => int.MaxValue,
    };

    /// <summary>Token types with their own embedding; 0 for none.</summary>
    public int TokenTypes { get; init; }

    /// <summary>What each layer is given of the tokens directly; null: nothing.</summary>
    public LayerInputSpec? LayerInputs { get; init; }

    /// <summary>Norm of the embedding; null for none.</summary>
    public NormSpec? EmbeddingNorm { get; init; }

    /// <summary>Norm after the last layer; null for none.</summary>
    public NormSpec? FinalNorm { get; init; }
}
