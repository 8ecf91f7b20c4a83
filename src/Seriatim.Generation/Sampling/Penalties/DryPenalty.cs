namespace Seriatim.Generation;

public sealed partial record PenaltyOptions
{
    /// <summary>The growing penalty for repetitions; null: off.</summary>
    public DryOptions? Dry { get; init; }
}

/// <summary>
/// DRY: for each earlier place where the last tokens stood before, the token that followed is penalised by the length of the
/// match. Lengths of all matches come from the Z function of the reversed history, in linear time.
/// </summary>
internal sealed class DryPenalty(DryOptions options, int vocabulary) : LogitsProcessor
{
    private readonly TokenMask _breakers = new(vocabulary, options.Breakers);

    /// <summary>Scratch space, no state: sequences share it.</summary>
    private int[] _reach = [];

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "dry",
        Stage = SamplerStage.Score,
        Does = "`l - multiplier · base^(n - allowed length)`, n = length of the repetition the token would extend",
        Options = [SamplerOption.Maybe("Penalties.Dry", options => options.Penalties.Dry)],
        Check = (options, vocabulary) => Check(options.Penalties.Dry, vocabulary),
        Create = terms => [new DryPenalty(terms.Options.Penalties.Dry!, terms.Vocabulary)],
        Flags =
        [
            new SamplerFlag<float>("Penalties.Dry.Multiplier", ["--dry-multiplier"], "x",
                "Don't repeat yourself: strength; 0: off.", 0,
                (options, x) => With(options, x == 0 ? null : new DryOptions { Multiplier = x })),
            new SamplerFlag<float>("Penalties.Dry.Base", ["--dry-base"], "x",
                "Don't repeat yourself: growth with each token.", new DryOptions().Base,
                (options, x) => With(options, options.Penalties.Dry! with { Base = x })) { NeedsFirst = true },
            new SamplerFlag<int>("Penalties.Dry.AllowedLength", ["--dry-allowed-length"], "n",
                "Don't repeat yourself: repetitions shorter than this are free.", new DryOptions().AllowedLength,
                (options, n) => With(options, options.Penalties.Dry! with { AllowedLength = n })) { NeedsFirst = true },
            new SamplerFlag<int>("Penalties.Dry.LastN", ["--dry-penalty-last-n"], "n",
                "Don't repeat yourself: tokens to look back; -1: all.", -1,
                (options, n) => With(options, options.Penalties.Dry! with { LastN = n == -1 ? null : n })) { NeedsFirst = true },
        ],
    };

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
                row.Values[id] -= (float)(options.Multiplier * PlainMath.Pow(options.Base, match - options.AllowedLength));
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

    private static SamplingOptions With(SamplingOptions options, DryOptions? dry) =>
        options with { Penalties = options.Penalties with { Dry = dry } };

    private static void Check(DryOptions? dry, int vocabulary)
    {
        if (dry is null)
            return;
        OptionCheck.Positive("Sampling.Penalties.Dry.Multiplier", dry.Multiplier);
        if (!(dry.Base >= 1 && float.IsFinite(dry.Base)))
            throw new InvalidOptionException("Sampling.Penalties.Dry.Base", dry.Base, "a finite number, 1 or more, is allowed");
        OptionCheck.AtLeast("Sampling.Penalties.Dry.AllowedLength", dry.AllowedLength, 1);
        OptionCheck.AtLeast("Sampling.Penalties.Dry.LastN", dry.LastN ?? 1, 1);
        OptionCheck.Tokens("Sampling.Penalties.Dry.Breakers", dry.Breakers, vocabulary);
    }
}
