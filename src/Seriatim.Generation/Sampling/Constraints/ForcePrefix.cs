namespace Seriatim.Generation;

/// <summary>The first new tokens are given.</summary>
internal sealed class ForcePrefix(IReadOnlyList<int> prefix) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "forced_prefix",
        Stage = SamplerStage.Score,
        Does = "drops all others in the first steps",
        Options = [SamplerOption.OfRequest("ForcedPrefix", "empty")],
        Create = terms => terms.Request.ForcedPrefix.Count > 0 ? [new ForcePrefix(terms.Request.ForcedPrefix)] : [],
    };

    public override void Apply(LogitsRow row)
    {
        if (row.Step >= prefix.Count)
            return;
        int id = prefix[row.Step];
        float logit = row.Values[id];
        Array.Fill(row.Values, float.NegativeInfinity);
        row.Values[id] = logit;
    }
}
