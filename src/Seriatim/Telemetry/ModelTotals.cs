using Seriatim.Generation;

namespace Seriatim;

/// <summary>What a model has done since it was opened; counted when requests end.</summary>
internal sealed class ModelTotals
{
    private long _input, _output, _cached, _hits, _preemptions;

    public long Input => Volatile.Read(ref _input);

    public long Output => Volatile.Read(ref _output);

    public long Cached => Volatile.Read(ref _cached);

    public long PrefixHits => Volatile.Read(ref _hits);

    public long Preemptions => Volatile.Read(ref _preemptions);

    public void Count(GenerationUsage usage)
    {
        Interlocked.Add(ref _input, usage.PromptTokens);
        Interlocked.Add(ref _output, usage.NewTokens);
        Interlocked.Add(ref _cached, usage.CachedTokens);
        Interlocked.Add(ref _hits, usage.CachedTokens > 0 ? 1 : 0);
        Interlocked.Add(ref _preemptions, usage.Preemptions);
    }

    /// <summary>Counts what was read at once, e.g. for an embedding.</summary>
    public void CountRead(int tokens) => Interlocked.Add(ref _input, tokens);
}
