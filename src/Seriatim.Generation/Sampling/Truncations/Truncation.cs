namespace Seriatim.Generation;

/// <summary>A truncation as checks and chains see it. Each stands beside its processor, in one file.</summary>
/// <param name="Option">Name of its option.</param>
/// <param name="IsSet">Whether it does anything.</param>
/// <param name="Check">Refuses a value that means nothing.</param>
/// <param name="Create">The processor, where it is set.</param>
internal sealed record Truncation(
    string Option,
    Func<SamplingOptions, bool> IsSet,
    Action<SamplingOptions> Check,
    Func<SamplingOptions, LogitsProcessor> Create);
