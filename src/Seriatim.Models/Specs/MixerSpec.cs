namespace Seriatim.Models;

/// <summary>
/// How rows of a sequence exchange information. A further mixer is a nested record in a file of its own, which says what it
/// remembers and builds its layer.
/// </summary>
public abstract partial record MixerSpec
{
    private MixerSpec()
    {
    }

    /// <summary>What rows may see of their sequence: a recurrence goes one way only, some patterns need the whole.</summary>
    /// <param name="visibility">What the rows of a stack see.</param>
    internal abstract bool Serves(Visibility visibility);

    /// <summary>
    /// What the layer reads of the pattern that a sequence brings along; a pattern that no layer reads is refused.
    /// </summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="rows">Rows of the sequence.</param>
    /// <exception cref="ArgumentException">The pattern does not fit the layer or the sequence.</exception>
    internal virtual PatternParts Reads(SparsePattern pattern, int rows) => PatternParts.None;

    /// <summary>
    /// Whether what comes later in a sequence can change earlier rows although they do not attend to it, so that nothing computed
    /// can be kept: see <see cref="StackSpec.ReadsAgain"/>.
    /// </summary>
    internal virtual bool ReadsAgain => false;

    /// <summary>What the layer remembers of a sequence; null: nothing.</summary>
    internal abstract MemoryKind? Remembers();

    /// <summary>The layer whose memory this one reads; null: it has its own, or none.</summary>
    internal virtual int? MemoryOf => null;

    /// <summary>What configs call such a layer in <c>layer_types</c>.</summary>
    internal virtual IReadOnlyList<string> LayerTypes => [];

    /// <summary>
    /// Features of the rows it makes, if these do not follow from those it takes: of a layer without norm and residual they may
    /// differ.
    /// </summary>
    internal virtual int? Makes => null;

    /// <summary>What a forward pass computes with: without what only a random start reads.</summary>
    internal virtual MixerSpec Computed => this;

    /// <summary>What a forward pass computes with and the text of the record leaves out: the elements of its lists.</summary>
    internal virtual IEnumerable<double> Numbers => [];

    /// <summary>The mixers it is made of, each with a memory of its own: itself, as a rule.</summary>
    internal virtual IReadOnlyList<MixerSpec> Parts => [this];

    /// <summary>How queries and keys turn with their position; null: not at all.</summary>
    internal virtual PositionSpec.Rope? Turning => null;

    /// <summary>The layer in a few words, for reports; layers of the same words are counted together.</summary>
    public abstract string InWords { get; }

    /// <summary>Builds the layer.</summary>
    internal abstract Mixer Build(in MixerPart part);

    /// <summary>Multiply-adds of its linear layers for one row.</summary>
    /// <param name="width">Features of a row, E.</param>
    public abstract double LinearProducts(int width);

    /// <summary>Multiply-adds between the rows of a whole sequence, and of their states.</summary>
    /// <param name="segment">The sequence.</param>
    public abstract double MixingProducts(Segment segment);
}
