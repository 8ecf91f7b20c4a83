using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>All answers of a job.</summary>
internal sealed record JobResult
{
    /// <summary>What the engine gave, one for each prompt.</summary>
    public required IReadOnlyList<GenerationResult> Results { get; init; }

    /// <summary>The answers, those of the first prompt first.</summary>
    public required IReadOnlyList<Answer> Answers { get; init; }
}
