using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <content>What other engines of the same model have to know.</content>
internal sealed partial class EngineCore
{
    /// <summary>Writes down which model a state belongs to.</summary>
    public void Identify(RequestState state)
    {
        state.Model ??= state.Request.Adapter is { } adapter ? _context.Model.FingerprintOf(adapter) : _fingerprint;
        state.KeyValues ??= _context.Options.KeyValueType;
    }

    /// <summary>The hashes of the pages that a request would look for; may be called from any thread.</summary>
    public IReadOnlyList<ulong> PagesOf(RequestState state)
    {
        GenerationRequest request = state.Request;
        if (_cache is null || !request.UsePrefixCache || !request.EncoderInput.IsEmpty || request.PromptLogprobs is not null)
            return [];
        var key = new PrefixKey(_context.Model.MemoryVariant(_checks.Check(state).Terms), request.CacheSalt);
        return PrefixCache.HashesOf(key, CollectionsMarshal.AsSpan(state.LiveList[0].List), _context.Options.PageSize);
    }

    /// <summary>The upper halves of the hashes of pages that can be gone on from; by the engine's thread only.</summary>
    public uint[] CachedPages(int most) => _cache?.Summary(most) ?? [];
}
