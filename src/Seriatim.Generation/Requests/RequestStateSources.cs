using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// What a saved <see cref="RequestState"/> names and does not contain: whoever reads it gives it anew.
/// </summary>
public sealed record RequestStateSources
{
    /// <summary>The tokenizer, if the request had one: it must do the same (<see cref="Tokenizer.Fingerprint"/>).</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Strategies besides sampling and beam search, found by <see cref="Strategy.Name"/>.</summary>
    public IReadOnlyList<Strategy> Strategies { get; init; } = [];

    /// <summary>
    /// Processors of your own (<see cref="SamplingOptions.Processors"/>), found by <see cref="LogitsProcessor.Name"/>; as they
    /// are for a new sequence. Of several with one name the first given is the first of the request.
    /// </summary>
    public IReadOnlyList<LogitsProcessor> Processors { get; init; } = [];
}
