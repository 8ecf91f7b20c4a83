namespace Seriatim.Generation;

/// <summary>Only the k best (Fan et al., 2018); ties at the border go to the smaller id.</summary>
internal sealed class TopK(int k) : LogitsProcessor
{
    public override void Apply(LogitsRow row) => row.KeepTop(k);
}

/// <summary>The smallest set of the best that reaches a probability (Holtzman et al., 2020: nucleus sampling).</summary>
internal sealed class TopP(float p) : LogitsProcessor
{
    public override void Apply(LogitsRow row) => row.KeepMass(p);
}

/// <summary>Tokens with a part of the highest probability (Nguyen et al., 2024).</summary>
internal sealed class MinP(float p) : LogitsProcessor
{
    public override void Apply(LogitsRow row) => row.KeepFrom(row.Max() + Math.Log(p));
}

/// <summary>Tokens with a probability; at least the best one.</summary>
internal sealed class EpsilonCutoff(float epsilon) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        row.KeepFrom(Math.Min(max, max + Math.Log(sum) + Math.Log(epsilon)));
    }
}

/// <summary>Tokens with a probability that falls with the entropy; at least the best one.</summary>
internal sealed class EtaCutoff(float epsilon) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        double eta = Math.Min(epsilon, Math.Sqrt(epsilon) * Math.Exp(-row.Entropy(max, sum)));
        row.KeepFrom(Math.Min(max, max + Math.Log(sum) + Math.Log(eta)));
    }
}

/// <summary>Tokens within n standard deviations of the best logit.</summary>
internal sealed class TopNSigma(float n) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<ulong> candidates = row.Candidates;
        double max = double.NegativeInfinity;
        double mean = 0;
        foreach (ulong key in candidates)
        {
            double logit = row.Logits[LogitsRow.IdOf(key)];
            max = Math.Max(max, logit);
            mean += logit;
        }

        mean /= candidates.Length;
        double variance = 0;
        foreach (ulong key in candidates)
        {
            double distance = row.Logits[LogitsRow.IdOf(key)] - mean;
            variance += distance * distance;
        }

        row.KeepFrom(max - n * Math.Sqrt(variance / candidates.Length));
    }
}

/// <summary>Tokens whose surprise is nearest to the entropy, until they reach a probability.</summary>
internal sealed class TypicalP(float mass) : LogitsProcessor
{
    private (double Distance, int Id)[] _order = [];

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        double log = Math.Log(sum);
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
            reached += Math.Exp(row.Logits[_order[i].Id] - max - log);
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

/// <summary>Sometimes drops all tokens above a probability but the least probable of them.</summary>
internal sealed class ExcludeTopChoices(XtcOptions options) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        (uint bits, _, _, _) = CounterRandom.Next(row.Seed, (uint)row.SequenceIndex, (uint)row.Step, CounterRandom.ExcludeTop, 0);
        if (CounterRandom.Unit(bits) >= options.Probability)
            return;
        (double max, double sum) = row.SoftmaxParts();
        double least = options.Threshold * sum;

        // Above a probability of at most 1/2 there are at most 1 / threshold tokens.
        ReadOnlySpan<ulong> top = row.Top((int)Math.Min(row.Candidates.Length, Math.Ceiling(1.0 / options.Threshold) + 1));
        int above = 0;
        while (above < top.Length && Math.Exp(row.Logits[LogitsRow.IdOf(top[above])] - max) >= least)
            above++;
        for (int i = 0; i < above - 1; i++)
            row.Logits[LogitsRow.IdOf(top[i])] = float.NegativeInfinity;
        row.DropMarked();
    }
}

/// <summary>
/// Mirostat 2: drops tokens with more surprise than mu; always keeps the best. Mu learns in <see cref="SamplerChain"/>.
/// </summary>
internal sealed class MirostatTruncation : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        row.KeepFrom(Math.Min(max, max + Math.Log(sum) - row.State.Mu * Math.Log(2)));
    }
}
