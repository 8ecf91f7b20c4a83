namespace Seriatim.Generation;

/// <summary>Tokens whose surprise is nearest to the entropy, until they reach a probability.</summary>
internal sealed class TypicalP(float mass) : LogitsProcessor
{
    private (double Distance, int Id)[] _order = [];

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.TypicalP",
        options => options.TypicalP != 1,
        options => OptionCheck.Fraction("Sampling.TypicalP", options.TypicalP),
        options => new TypicalP(options.TypicalP));

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        double log = PlainMath.Log(sum);
        double entropy = row.Entropy(max, sum);
        ReadOnlySpan<ulong> candidates = row.Candidates;
        if (_order.Length < candidates.Length)
            _order = new (double, int)[candidates.Length];
        for (int i = 0; i < candidates.Length; i++)
        {
            int id = LogitsRow.IdOf(candidates[i]);
            _order[i] = (Math.Abs(max + log - row.Logits[id] - entropy), id);
        }

        Array.Sort(_order, 0, candidates.Length);
        double reached = 0;
        int last = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            reached += PlainMath.Exp(row.Logits[_order[i].Id] - max - log);
            if (reached >= mass)
                break;
            last = Math.Min(i + 1, candidates.Length - 1);
        }

        // As in transformers: those as far away as the last one stay, too.
        double most = _order[last].Distance;
        for (int i = last + 1; i < candidates.Length; i++)
        {
            if (_order[i].Distance > most)
                row.Logits[_order[i].Id] = float.NegativeInfinity;
        }

        row.DropMarked();
    }
}
