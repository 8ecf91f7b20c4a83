namespace Seriatim.Generation;

/// <summary>What a request wants of the next passes. Filled by <see cref="Strategy.Wish"/>.</summary>
/// <remarks>
/// A wish stands until it is fulfilled: the engine may compute a long one in pieces, put the request aside and compute its past
/// again; the strategy sees none of it.
/// </remarks>
public sealed class WishList
{
    private readonly List<Wish> _wishes = [];
    private int _together;
    private bool _isOpen = true;

    internal List<Wish> Items => _wishes;

    /// <summary>Positions of a prompt before this one are to be scored, too; 0: none.</summary>
    internal int Scored { get; set; }

    /// <summary>
    /// The tokens of a sequence that are not computed yet, in its memory's sight; the logits of its last one.
    /// </summary>
    /// <param name="sequence">A live sequence.</param>
    public void Read(SequenceState sequence) => Add(sequence, 0);

    /// <summary>
    /// The same for sequences whose last rows have to come in one pass, because they are chosen among each other.
    /// </summary>
    /// <param name="sequences">Live sequences.</param>
    public void ReadTogether(IReadOnlyList<SequenceState> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        int together = sequences.Count > 1 ? ++_together : 0;
        foreach (SequenceState sequence in sequences)
            Add(sequence, together);
    }

    /// <summary>
    /// All tokens of a sequence at once, each seeing all others (of a decoder: those before it); nothing is remembered, so it can
    /// be wished again after tokens were changed.
    /// </summary>
    /// <param name="sequence">A live sequence.</param>
    /// <param name="logitRows">Positions whose logits are wanted (classifiers: 0, for the classes).</param>
    /// <param name="hidden">Whether the hidden rows are wanted.</param>
    /// <param name="tokenTypes">Token types (sentence A or B), one for each token; empty: all 0.</param>
    /// <param name="pattern">Global tokens and blocks of models with sparse attention; null: none, and drawn ones.</param>
    public void ReadWhole(SequenceState sequence, IReadOnlyList<int> logitRows, bool hidden = false,
        ReadOnlyMemory<int> tokenTypes = default, SparsePattern? pattern = null)
    {
        ArgumentNullException.ThrowIfNull(logitRows);
        foreach (int row in logitRows)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)LaneOf(sequence).Tokens.Count,
                nameof(logitRows));
        }
        _wishes.Add(new Wish(LaneOf(sequence))
        {
            IsWhole = true,
            LogitRows = logitRows,
            Hidden = hidden,
            TokenTypes = tokenTypes,
            Pattern = pattern,
        });
    }

    /// <summary>The encoder's input alone: the logits of the target's length.</summary>
    /// <param name="sequence">The live sequence.</param>
    /// <param name="rows">Length of the input.</param>
    internal void ReadSource(SequenceState sequence, int rows) =>
        _wishes.Add(new Wish(LaneOf(sequence)) { IsWhole = true, SourceRows = rows });

    /// <summary>Whole targets of one source, in one pass.</summary>
    /// <param name="targets">Live sequences, each with the positions whose logits are wanted.</param>
    internal void ReadTargets(IReadOnlyList<(SequenceState Sequence, IReadOnlyList<int> LogitRows)> targets)
    {
        int together = targets.Count > 1 ? ++_together : 0;
        foreach ((SequenceState sequence, IReadOnlyList<int> rows) in targets)
        {
            ReadWhole(sequence, rows);
            _wishes[^1] = _wishes[^1] with { Together = together };
        }
    }

    /// <summary>What several sequences have in common, before they part: computed to be remembered.</summary>
    internal void ReadTrunk(Sequence trunk) => _wishes.Add(new Wish(trunk) { IsSilent = true });

    /// <summary>Nothing is added any more: whoever kept the list wishes for nothing.</summary>
    internal void Close() => _isOpen = false;

    internal void Clear()
    {
        _isOpen = true;
        _wishes.Clear();
        (_together, Scored) = (0, 0);
    }

    private void Add(SequenceState sequence, int together) =>
        _wishes.Add(new Wish(LaneOf(sequence)) { Together = together, Scored = Scored });

    private Sequence LaneOf(SequenceState sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (!_isOpen)
            throw new InvalidOperationException("The list is closed: a strategy may use it during the call it was given to.");
        return sequence.Lane
            ?? throw new ArgumentException($"Sequence {sequence.Index} is not live in this engine.", nameof(sequence));
    }
}
