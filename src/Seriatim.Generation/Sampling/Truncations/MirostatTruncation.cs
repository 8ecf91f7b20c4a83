using System.Buffers.Binary;

namespace Seriatim.Generation;

/// <summary>
/// Mirostat 2: drops tokens with more surprise than mu; always keeps the best. Mu learns from the surprise of what was chosen,
/// under the truncated distribution.
/// </summary>
internal sealed class MirostatTruncation(MirostatOptions options) : LogitsProcessor
{
    private double _mu = 2 * options.Tau;
    private (int Token, double Surprise)? _choice;

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
        _choice = (token, (max + PlainMath.Log(sum) - row.Logits[token]) / PlainMath.Log(2));
    }
}
