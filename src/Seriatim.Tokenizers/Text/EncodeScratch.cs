namespace Seriatim.Tokenizers;

/// <summary>
/// Everything one encoding run writes to, reused from run to run on the same thread, so that steady encoding allocates only
/// its result.
/// </summary>
internal sealed class EncodeScratch
{
    private const int MaxKeptChars = 1 << 22;

    [ThreadStatic]
    private static EncodeScratch? _cached;

    /// <summary>The text being worked on.</summary>
    public AlignedText Text { get; } = new();

    /// <summary>The tokens produced so far.</summary>
    public TokenBuffer Tokens { get; } = new();

    /// <summary>The pieces now.</summary>
    public PieceList Pieces { get; private set; } = new();

    /// <summary>The pieces a pre-tokenizer is making.</summary>
    public PieceList NextPieces { get; private set; } = new();

    /// <summary>Matches of the pattern a pre-tokenizer is looking for.</summary>
    public PieceList Matches { get; } = new();

    /// <summary>Working memory of the BPE merge loop.</summary>
    public BpeScratch Bpe { get; } = new();

    /// <summary>Working memory of the Unigram lattice.</summary>
    public UnigramScratch Unigram { get; } = new();

    /// <summary>The next pieces become the current ones.</summary>
    public void SwapPieces()
    {
        (Pieces, NextPieces) = (NextPieces, Pieces);
        NextPieces.Clear();
    }

    /// <summary>Takes this thread's scratch (or a new one when it is in use).</summary>
    public static EncodeScratch Rent()
    {
        EncodeScratch scratch = _cached ?? new EncodeScratch();
        _cached = null;
        return scratch;
    }

    /// <summary>Gives the scratch back unless it grew large.</summary>
    public static void Return(EncodeScratch scratch)
    {
        if (scratch.Text.Capacity <= MaxKeptChars && scratch.Tokens.Capacity <= MaxKeptChars
            && scratch.Pieces.Capacity + scratch.NextPieces.Capacity <= MaxKeptChars
            && scratch.Bpe.Capacity <= MaxKeptChars && scratch.Unigram.Capacity <= MaxKeptChars)
        {
            _cached = scratch;
        }
    }
}
