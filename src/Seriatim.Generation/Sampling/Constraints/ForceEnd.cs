namespace Seriatim.Generation;

/// <summary>The last possible new token is given, with log-probability 0.</summary>
internal sealed class ForceEnd(int lastStep, int id) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "forced_eos_token_id",
        Stage = SamplerStage.Score,
        Does = "drops all others in the last step",
        Options = [SamplerOption.OfRequest("ForcedEndId", "null")],
        Create = terms => terms.Request.ForcedEndId is { } id ? [new ForceEnd(terms.MaxNewTokens - 1, id)] : [],
    };

    public override void Apply(LogitsRow row)
    {
        if (row.Step != lastStep)
            return;
        Array.Fill(row.Values, float.NegativeInfinity);
        row.Values[id] = 0;
    }
}
