namespace Seriatim.Generation;

/// <summary>A <see cref="SequenceState"/> as it is written.</summary>
internal sealed record SequenceDocument
{
    public required int Index { get; init; }

    /// <summary>Prompt and output.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    public required double Score { get; init; }

    public required int Group { get; init; }

    public required double LogprobSum { get; init; }

    public IReadOnlyList<TokenLogprobs>? Logprobs { get; init; }

    public FinishReason? Finish { get; init; }

    public string? Text { get; init; }

    public IReadOnlyDictionary<string, byte[]>? Sampler { get; init; }
}
