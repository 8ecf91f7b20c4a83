using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>What a job makes of a model: requests of the engine, and how their answers are read.</summary>
internal sealed record JobPlan
{
    /// <summary>As telemetry calls it: <c>chat</c>, <c>text_completion</c>.</summary>
    public required string Operation { get; init; }

    /// <summary>One for each prompt.</summary>
    public required IReadOnlyList<GenerationRequest> Requests { get; init; }

    /// <summary>Whether its answers may hold reasoning.</summary>
    public bool Reasons { get; init; }

    /// <summary>Makes a reader for an answer; the text is what ids of its calls begin with.</summary>
    public Func<string, IAnswerReader> NewReader { get; init; } = _ => new PlainAnswer();
}
