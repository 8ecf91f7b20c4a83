namespace Seriatim.Generation;

/// <summary>Divides positive and multiplies negative logits of distinct ids (Keskar et al., 2019: CTRL).</summary>
internal sealed class RepetitionPenalty(float penalty, int? lastN) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        Apply(row, lastN is { } n && n < row.History.Length ? row.History[^n..] : row.History, penalty);
    }

    public static void Apply(LogitsRow row, ReadOnlySpan<int> ids, float penalty)
    {
        row.NewSet();
        foreach (int id in ids)
        {
            if (row.Add(id) > 1)
                continue;
            float logit = row.Logits[id];
            row.Logits[id] = logit < 0 ? logit * penalty : logit / penalty;
        }
    }
}

/// <summary>The same for the ids of the encoder's input, with the inverse.</summary>
internal sealed class EncoderRepetitionPenalty(float penalty) : LogitsProcessor
{
    public override void Apply(LogitsRow row) => RepetitionPenalty.Apply(row, row.EncoderInput.Span, 1 / penalty);
}

/// <summary><c>logit - frequency · count - presence · [count > 0]</c> over the output.</summary>
internal sealed class CountPenalty(float presence, float frequency, int? lastN) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<int> output = row.History[row.PromptLength..];
        if (lastN is { } n && n < output.Length)
            output = output[^n..];
        row.NewSet();
        foreach (int id in output)
            row.Add(id);
        foreach (int id in output)
        {
            int count = row.CountOf(id);
            if (count == 0)
                continue;
            row.Logits[id] -= frequency * count + presence;
            row.Forget(id);
        }
    }
}

/// <summary>An n-gram cannot come twice.</summary>
internal sealed class NoRepeatNgram(int size) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<int> history = row.History;
        if (history.Length + 1 < size)
            return;
        ReadOnlySpan<int> last = history[^(size - 1)..];
        for (int i = 0; i + size <= history.Length; i++)
        {
            if (history.Slice(i, size - 1).SequenceEqual(last))
                row.Logits[history[i + size - 1]] = float.NegativeInfinity;
        }
    }
}

/// <summary>
/// DRY: for each earlier place where the last tokens stood before, the token that followed is penalised by the length of the
/// match. Lengths of all matches come from the Z function of the reversed history, in linear time.
/// </summary>
internal sealed class DryPenalty(DryOptions options) : LogitsProcessor
{
    private readonly HashSet<int> _breakers = [.. options.Breakers];
    private int[] _reach = [];

    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<int> history = row.History;
        if (options.LastN is { } n && n < history.Length)
            history = history[^n..];
        int length = history.Length;
        int limit = 0;
        while (limit < length && !_breakers.Contains(history[length - 1 - limit]))
            limit++;
        if (limit == 0 || length < 2)
            return;

        if (_reach.Length < length)
            _reach = new int[Math.Max(length, 2 * _reach.Length)];
        Reach(history);
        row.NewSet();
        for (int end = 1; end < length; end++)
        {
            // The token history[length - end] followed a place that ends `end` tokens before the last one.
            int match = Math.Min(_reach[end], limit);
            int id = history[length - end];
            int best = row.CountOf(id);
            while (best < match)
                best = row.Add(id);
        }

        for (int end = 1; end < length; end++)
        {
            int id = history[length - end];
            int match = row.CountOf(id);
            if (match >= options.AllowedLength)
                row.Logits[id] -= (float)(options.Multiplier * PlainMath.Pow(options.Base, match - options.AllowedLength));
            row.Forget(id);
        }
    }

    /// <summary>For each shift, how many tokens before the end agree with those before the shifted end.</summary>
    private void Reach(ReadOnlySpan<int> history)
    {
        int length = history.Length;
        (int left, int right) = (0, 0);
        _reach[0] = length;
        for (int i = 1; i < length; i++)
        {
            int z = i < right ? Math.Min(right - i, _reach[i - left]) : 0;
            while (i + z < length && history[length - 1 - z] == history[length - 1 - i - z])
                z++;
            _reach[i] = z;
            if (i + z > right)
                (left, right) = (i, i + z);
        }
    }
}
