namespace Seriatim.Lab;

/// <summary>Shakespeare letter by letter: windows of it for small language models. The last tenth is held back.</summary>
internal static class LabLetters
{
    private static readonly char[] Letters = [.. LabData.Shakespeare.Distinct().Order()];
    private static readonly int[] Text = [.. LabData.Shakespeare.Select(letter => Array.BinarySearch(Letters, letter))];

    /// <summary>Ids there are.</summary>
    public static int Vocabulary => Letters.Length;

    /// <summary>Rows of windows, each of which predicts the next letter.</summary>
    /// <param name="seed">Of the run.</param>
    /// <param name="draw">Another number for every batch.</param>
    /// <param name="windows">How many.</param>
    /// <param name="length">Rows of each.</param>
    /// <param name="held">Whether they are of the part that is held back.</param>
    /// <param name="terms">What holds for the sequences; null: nothing in particular.</param>
    /// <param name="from">The first row of a window that counts.</param>
    /// <param name="to">The first that counts no more; null: all count.</param>
    public static TrainingBatch Batch(ulong seed, int draw, int windows, int length, bool held = false,
        SequenceTerms? terms = null, int from = 0, int? to = null)
    {
        var random = new CounterRandom(seed ^ (held ? 0x68656C64UL : 0), (ulong)draw);
        int cut = Text.Length / 10 * 9, room = (held ? Text.Length - cut : cut) - length - 1;
        var builder = new RaggedBatchBuilder();
        List<int> rows = [], labels = [];
        for (int i = 0; i < windows; i++)
        {
            int first = (held ? cut : 0) + random.Below((ulong)i, room);
            for (int row = from; row < (to ?? length); row++)
            {
                rows.Add(builder.Rows + row);
                labels.Add(Text[first + row + 1]);
            }

            builder.Add(Text.AsSpan(first, length), terms: terms, outputs: Outputs.All);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }
}
