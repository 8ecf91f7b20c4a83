using System.Buffers.Binary;

namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Mirostat 2; null: off.</summary>
    public MirostatOptions? Mirostat { get; init; }
}

/// <summary>
/// Mirostat 2: drops tokens with more surprise than mu; always keeps the best. Mu learns from the surprise of what was chosen,
/// under the truncated distribution.
/// </summary>
internal sealed class MirostatTruncation(MirostatOptions options) : LogitsProcessor
{
    private double _mu = 2 * options.Tau;
    private (int Token, double Surprise)? _choice;

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "mirostat",
        Stage = SamplerStage.Temperature,
        Does = "version 2, instead of all truncation: keeps surprise up to a border that follows what was chosen",
        Options = [SamplerOption.Maybe("Mirostat", options => options.Mirostat)],
        NeedsTemperature = true,
        ReplacesTruncation = true,
        Check = (options, _) => Check(options.Mirostat),
        Create = terms => [new MirostatTruncation(terms.Options.Mirostat!)],
        Flags =
        [
            new SamplerFlag<int>("Mirostat", ["--mirostat"], "n", "2: Mirostat 2, instead of all truncation; 0: off.", 0,
                (options, version) => options with { Mirostat = version == 0 ? null : new() })
            {
                SetText = "--mirostat 2",
                Refuse = version => version is 0 or 2 ? null : "there are 0 (off) and 2",
            },
            new SamplerFlag<float>("Mirostat.Eta", ["--mirostat-lr"], "x", "Mirostat: learning rate.", new MirostatOptions().Eta,
                (options, x) => options with { Mirostat = options.Mirostat! with { Eta = x } }) { NeedsFirst = true },
            new SamplerFlag<float>("Mirostat.Tau", ["--mirostat-ent"], "x", "Mirostat: target surprise in bits.",
                new MirostatOptions().Tau,
                (options, x) => options with { Mirostat = options.Mirostat! with { Tau = x } }) { NeedsFirst = true },
        ],
    };

    public override string Name => "mirostat";

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        row.KeepFrom(Math.Min(max, max + PlainMath.Log(sum) - _mu * PlainMath.Log(2)));
    }

    public override void Accept(int token)
    {
        if (_choice is { } choice && choice.Token == token)
            _mu -= options.Eta * (choice.Surprise - options.Tau);
        _choice = null;
    }

    public override LogitsProcessor Copy() => new MirostatTruncation(options) { _mu = _mu, _choice = _choice };

    public override byte[] Save()
    {
        byte[] bytes = new byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, _mu);
        return bytes;
    }

    public override void Restore(ReadOnlySpan<byte> saved)
    {
        if (saved.Length != sizeof(double))
            throw new InvalidOptionException($"State of {Name}", $"{saved.Length} bytes", $"{sizeof(double)} bytes are needed");
        double mu = BinaryPrimitives.ReadDoubleLittleEndian(saved);
        if (!double.IsFinite(mu))
            throw new InvalidOptionException($"State of {Name}", mu, "a finite number is needed");
        (_mu, _choice) = (mu, null);
    }

    /// <summary>Here and not in <see cref="Apply"/>: the row will hold other logits when the token is accepted.</summary>
    internal override void Chose(LogitsRow row, int token)
    {
        (double max, double sum) = row.SoftmaxParts();
        _choice = (token, (max + PlainMath.Log(sum) - row.Values[token]) / PlainMath.Log(2));
    }

    private static void Check(MirostatOptions? mirostat)
    {
        if (mirostat is null)
            return;
        OptionCheck.Positive("Sampling.Mirostat.Tau", mirostat.Tau);
        OptionCheck.Positive("Sampling.Mirostat.Eta", mirostat.Eta);
    }
}
