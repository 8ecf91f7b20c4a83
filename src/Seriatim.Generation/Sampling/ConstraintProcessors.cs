namespace Seriatim.Generation;

/// <summary>Adds a bias to the last id of each sequence whose other ids stand at the end of the history.</summary>
internal sealed class SequenceBiases(IReadOnlyList<SequenceBias> biases) : LogitsProcessor
{
    private readonly (int[] Before, int Id, float Bias)[] _biases =
        [.. biases.Select(b => (b.Ids.Take(b.Ids.Count - 1).ToArray(), b.Ids[^1], b.Bias))];

    public override void Apply(LogitsRow row)
    {
        foreach ((int[] before, int id, float bias) in _biases)
        {
            // As in transformers: a sequence that is longer than the history is not looked for.
            bool matches = before.Length == 0 || (before.Length < row.History.Length && row.History.EndsWith(before));
            if (matches)
                row.Logits[id] += bias;
        }
    }
}

/// <summary>Adds a bias to ids.</summary>
internal sealed class TokenBiases(IEnumerable<KeyValuePair<int, float>> biases) : LogitsProcessor
{
    private readonly KeyValuePair<int, float>[] _biases = [.. biases];

    public override void Apply(LogitsRow row)
    {
        foreach ((int id, float bias) in _biases)
            row.Logits[id] += bias;
    }
}

/// <summary>Drops ids.</summary>
internal sealed class SuppressTokens(IEnumerable<int> ids) : LogitsProcessor
{
    private readonly int[] _ids = [.. ids];

    public override void Apply(LogitsRow row)
    {
        foreach (int id in _ids)
            row.Logits[id] = float.NegativeInfinity;
    }
}

/// <summary>Drops ids until there are enough new tokens.</summary>
internal sealed class MinTokens(int tokens, IEnumerable<int> ids) : LogitsProcessor
{
    private readonly int[] _ids = [.. ids];

    public override void Apply(LogitsRow row)
    {
        if (row.Step >= tokens)
            return;
        foreach (int id in _ids)
            row.Logits[id] = float.NegativeInfinity;
    }
}

/// <summary>Drops all ids but some.</summary>
internal sealed class AllowTokens(IEnumerable<int> ids, int vocabulary) : LogitsProcessor
{
    private readonly int[] _others = [.. Enumerable.Range(0, vocabulary).Except(ids)];

    public override void Apply(LogitsRow row)
    {
        foreach (int id in _others)
            row.Logits[id] = float.NegativeInfinity;
    }
}

/// <summary>The first new tokens are given.</summary>
internal sealed class ForcePrefix(IReadOnlyList<int> prefix) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        if (row.Step >= prefix.Count)
            return;
        int id = prefix[row.Step];
        float logit = row.Logits[id];
        Array.Fill(row.Logits, float.NegativeInfinity);
        row.Logits[id] = logit;
    }
}

/// <summary>The last possible new token is given, with log-probability 0.</summary>
internal sealed class ForceEnd(int lastStep, int id) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        if (row.Step != lastStep)
            return;
        Array.Fill(row.Logits, float.NegativeInfinity);
        row.Logits[id] = 0;
    }
}
