namespace Seriatim.Generation;

/// <summary>Why a sequence ended.</summary>
public enum FinishReason
{
    /// <summary>The model gave an end id (<see cref="GenerationRequest.EndIds"/>); it is the last of the token ids.</summary>
    EndOfSequence,

    /// <summary>The model gave one of <see cref="GenerationRequest.StopIds"/>; it is the last of the token ids.</summary>
    StopId,

    /// <summary>The text reached one of <see cref="GenerationRequest.StopStrings"/>; the text ends before it.</summary>
    StopString,

    /// <summary>As many new tokens as were asked for, or as the context (or the page pool) holds.</summary>
    Length,

    /// <summary>The time was over (<see cref="GenerationRequest.Timeout"/>).</summary>
    Timeout,

    /// <summary>
    /// The request was cancelled. Only in streams: they end with what there is, then with
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    Cancelled,

    /// <summary>
    /// The text is complete by its <see cref="SamplingOptions.Grammar"/>: nothing may
    /// follow, and there are no end ids to tell so.
    /// </summary>
    Grammar,
}
