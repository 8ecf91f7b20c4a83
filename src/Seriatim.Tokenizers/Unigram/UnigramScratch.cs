namespace Seriatim.Tokenizers;

/// <summary>Working memory of the Unigram lattice: for every place in the text the best way to reach it.</summary>
internal sealed class UnigramScratch
{
    /// <summary>Score of the best path to each place.</summary>
    public double[] Scores { get; private set; } = [];

    /// <summary>The last token of that path, or -1 for an unknown character.</summary>
    public int[] Ids { get; private set; } = [];

    /// <summary>Where that token begins; -1 if the place has not been reached.</summary>
    public int[] From { get; private set; } = [];

    /// <summary>Places kept allocated.</summary>
    public int Capacity => Scores.Length;

    /// <summary>Makes room for a text of <paramref name="length"/> chars and clears it.</summary>
    public void Reset(int length)
    {
        if (Scores.Length <= length)
        {
            Scores = new double[length + (length >> 1) + 64];
            Ids = new int[Scores.Length];
            From = new int[Scores.Length];
        }

        From.AsSpan(0, length + 1).Fill(-1);
    }
}
