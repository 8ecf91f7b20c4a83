namespace Seriatim.Generation;

/// <summary>
/// Rows of one sequence that its request wants computed: all its tokens that are not in memory. All that a scheduler has to know.
/// </summary>
/// <param name="Sequence">The sequence.</param>
internal readonly record struct Wish(Sequence Sequence)
{
    /// <summary>
    /// Whether the sequence is read as a whole, every row seeing every other one, and nothing is remembered. Otherwise its memory
    /// is read and written, the rows see what is before them, and can be computed in pieces.
    /// </summary>
    public bool IsWhole { get; init; }

    /// <summary>
    /// Read as a whole: rows of the encoder's input, which is all that is read, and of which the logits of the target's length
    /// are
    /// wanted; 0: the sequence is read.
    /// </summary>
    public int SourceRows { get; init; }

    /// <summary>Whether the encoder's input is all that is read.</summary>
    public bool IsSource => SourceRows > 0;

    /// <summary>Not 0: the last rows of all wishes of the request with this number come in the same pass, or none.</summary>
    public int Together { get; init; }

    /// <summary>Whether the last row's logits are wanted; else rows are computed to be remembered only.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Rows before this position give logits too, whatever the chunks.</summary>
    public int Scored { get; init; }

    /// <summary>Read as a whole: whether hidden rows are wanted, and the rows whose logits are.</summary>
    public bool Hidden { get; init; }

    /// <summary>Read as a whole: the rows whose logits are wanted.</summary>
    public IReadOnlyList<int> LogitRows { get; init; } = [];

    /// <summary>Read as a whole: token types; empty: all 0.</summary>
    public ReadOnlyMemory<int> TokenTypes { get; init; }

    /// <summary>Read as a whole: what sparse attention is told.</summary>
    public SparsePattern? Pattern { get; init; }

    /// <summary>Rows that are still to be computed.</summary>
    public int Rows => IsSource ? SourceRows : Sequence.Pending;

    /// <summary>Rows that can be computed before those that have to come together.</summary>
    public int RowsAhead => Together != 0 ? Rows - 1 : Rows;

    /// <summary>Whether the next row is one whose logits are wanted although it is not the last.</summary>
    public bool Scores => Sequence.Length + 1 < Scored;
}
