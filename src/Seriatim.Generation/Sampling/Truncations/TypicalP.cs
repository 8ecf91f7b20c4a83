namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>
    /// Only the tokens nearest to the expected surprise that together reach this probability (Meister et al., 2022); 1: off.
    /// </summary>
    public float TypicalP { get; init; } = 1;
}

/// <summary>Tokens whose surprise is nearest to the entropy, until they reach a probability.</summary>
internal sealed class TypicalP(float mass) : LogitsProcessor
{
    /// <summary>Scratch space, no state: sequences share it.</summary>
    private (double Distance, int Id)[] _order = [];

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "typical_p",
        Stage = SamplerStage.Truncation,
        Does = "keeps the tokens whose surprise is nearest to the entropy until they reach p",
        Options = [SamplerOption.Of("TypicalP", 1f, options => options.TypicalP)],
        Check = (options, _) => OptionCheck.Fraction("Sampling.TypicalP", options.TypicalP),
        Create = terms => [new TypicalP(terms.Options.TypicalP)],
        Flags =
        [
            new SamplerFlag<float>("TypicalP", ["--typical", "--typical-p"], "p", "Locally typical sampling; 1: off.", 1,
                (options, p) => options with { TypicalP = p }) { IsFromModel = true },
        ],
    };

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
            _order[i] = (Math.Abs(max + log - row.Values[id] - entropy), id);
        }

        Array.Sort(_order, 0, candidates.Length);
        double reached = 0;
        int last = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            reached += PlainMath.Exp(row.Values[_order[i].Id] - max - log);
            if (reached >= mass)
                break;
            last = Math.Min(i + 1, candidates.Length - 1);
        }

        // As in transformers: those as far away as the last one stay, too.
        double most = _order[last].Distance;
        for (int i = last + 1; i < candidates.Length; i++)
        {
            if (_order[i].Distance > most)
                row.Values[_order[i].Id] = float.NegativeInfinity;
        }

        row.DropMarked();
    }
}
