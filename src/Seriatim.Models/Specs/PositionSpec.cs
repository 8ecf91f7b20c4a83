namespace Seriatim.Models;

/// <summary>How a model knows where a token stands.</summary>
public abstract record PositionSpec
{
    private PositionSpec()
    {
    }

    /// <summary>Not at all, or by other means.</summary>
    public sealed record None : PositionSpec;

    /// <summary>
    /// Added to the embedding: <c>sin(p / 10000^(2i/E))</c> for the first half of the features, the cosines for the second
    /// (Vaswani et al., 2017, section 3.5, in the order of Marian).
    /// </summary>
    /// <param name="Count">Positions a sequence may have.</param>
    public sealed record Sinusoidal(int Count) : PositionSpec
    {
        /// <summary>The p of position 0.</summary>
        public int Offset { get; init; }

        /// <summary>
        /// Whether the longest wave is <c>2 pi 10000</c> itself: i is divided by <c>E/2 - 1</c> instead of <c>E/2</c>
        /// (tensor2tensor,
        /// fairseq).
        /// </summary>
        public bool EndsWithLongest { get; init; }
    }

    /// <summary>Added to the embedding from a learned table.</summary>
    /// <param name="Count">Positions a sequence may have.</param>
    /// <param name="Offset">Row of the table for position 0; the table has <c>Count + Offset</c> rows.</param>
    public sealed record Learned(int Count, int Offset) : PositionSpec;

    /// <summary>
    /// Added to the embedding from two small learned tables: position p has the row <c>p / Columns</c> of the first and then the
    /// row <c>p mod Columns</c> of the second side by side (Kitaev et al., 2020: Reformer, axial positional embedding).
    /// </summary>
    /// <param name="Rows">Rows of the first table.</param>
    /// <param name="RowWidth">Its features.</param>
    /// <param name="Columns">Rows of the second table.</param>
    /// <param name="ColumnWidth">Its features; with those of the first E.</param>
    public sealed record Axial(int Rows, int RowWidth, int Columns, int ColumnWidth) : PositionSpec;

    /// <summary>Queries and keys are turned (Su et al., 2021: RoFormer).</summary>
    /// <param name="Theta">Base of the wave lengths.</param>
    /// <param name="RotaryDim">Features of a head that turn, R.</param>
    /// <param name="Pairing">Which features turn together.</param>
    /// <param name="Scaling">How a longer context than the trained one is reached; null: not at all.</param>
    public sealed record Rope(double Theta, int RotaryDim, RopePairing Pairing, RopeScaling? Scaling) : PositionSpec
    {
        /// <summary>The slowest so many of the R/2 pairs do not turn (Gemma 4: "proportional").</summary>
        public int StillPairs { get; init; }
    }

    /// <summary>
    /// A learned bias of each bucket of distances and each head, shared by all layers of a stack (Raffel et al., 2019: T5).
    /// </summary>
    /// <param name="Buckets">Rows of the table.</param>
    /// <param name="MaxDistance">Distances from here on share the last bucket.</param>
    /// <param name="Bidirectional">Half of the buckets are for keys after the query.</param>
    public sealed record RelativeBias(int Buckets, int MaxDistance, bool Bidirectional) : PositionSpec;

    /// <summary>A bias that falls with the distance, with a fixed slope for each head (Press et al., 2021).</summary>
    public sealed record Alibi : PositionSpec
    {
        /// <summary>Factor of all slopes: Falcon scales them with the scores.</summary>
        public float Scale { get; init; } = 1;

        /// <summary>The steepest slope is <c>2^(-MaxBias / H)</c> and the flattest <c>2^-MaxBias</c>.</summary>
        public float MaxBias { get; init; } = 8;

        /// <summary>
        /// Where H is no power of two: whether the slopes are every second one of the next larger power and then the others
        /// (MPT), instead of those of the next smaller power and then every second one of the larger.
        /// </summary>
        public bool EverySecondFirst { get; init; }
    }
}
