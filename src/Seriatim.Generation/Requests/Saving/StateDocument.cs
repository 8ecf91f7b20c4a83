namespace Seriatim.Generation;

/// <summary>
/// A <see cref="RequestState"/> as it is written. A change that older readers do not understand is a new version.
/// </summary>
internal sealed record StateDocument
{
    public const string FormatName = "seriatim-request-state";

    public const int NewestVersion = 1;

    public required string Format { get; init; }

    public required int Version { get; init; }

    /// <summary>SHA-256 of the document with this member empty.</summary>
    public required string Checksum { get; init; }

    public required string? Model { get; init; }

    public required string? Tokenizer { get; init; }

    public required KeyValueType? KeyValues { get; init; }

    public required string Strategy { get; init; }

    public IReadOnlyList<string> Processors { get; init; } = [];

    public required GenerationRequest Request { get; init; }

    public required bool HasBegun { get; init; }

    public required int Steps { get; init; }

    public IReadOnlyList<int> Numbers { get; init; } = [];

    public required int NextIndex { get; init; }

    public required IReadOnlyList<SequenceDocument> Live { get; init; }

    public required IReadOnlyList<SequenceDocument> Finished { get; init; }

    public IReadOnlyList<TokenLogprobs>? PromptLogprobs { get; init; }

    public TimeSpan? Queued { get; init; }

    public TimeSpan? FirstToken { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public required TimeSpan Sampling { get; init; }

    public required int CachedTokens { get; init; }

    public required long ForwardRows { get; init; }

    public required long DraftTokens { get; init; }

    public required long AcceptedTokens { get; init; }

    public required int Preemptions { get; init; }
}
