namespace Seriatim.Generation;

/// <summary>
/// Mirostat 2: drops tokens with more surprise than mu; always keeps the best. Mu learns in <see cref="SamplerChain"/>.
/// </summary>
internal sealed class MirostatTruncation : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        row.KeepFrom(Math.Min(max, max + PlainMath.Log(sum) - row.State.Mu * PlainMath.Log(2)));
    }
}
