namespace Seriatim.Generation;

/// <summary>What the pools of an engine take, before there is one.</summary>
internal static class EngineMemory
{
    /// <summary>Bytes of all pools, those of a draft model included.</summary>
    /// <exception cref="InvalidOptionException">An option has a value that is not allowed.</exception>
    public static long Of(IGenerationModel model, EngineOptions options)
    {
        options.Check(model);
        if (!model.Capability.Remembers())
            return 0;
        long bytes = Of(model, options, options.PagesFor(model), options.StatesFor(model));
        if (options.DraftModel is not { } draft)
            return bytes;
        (int pages, int states) = options.DraftSizesFor(model, draft);
        return bytes + Of(draft, options, pages, states);
    }

    private static long Of(IGenerationModel model, EngineOptions options, long pages, long states)
    {
        if (model.LargestPoolBytes(options.PageSize, pages, states, options.KeyValueType) is { } largest)
            return largest;
        using MemoryPools one = model.NewMemoryPools(options.PageSize, 1, 1, options.KeyValueType);
        long bytes = 0;
        for (int kind = 0; kind < one.Count; kind++)
            bytes += checked(one[kind].UnitBytes * (one[kind].HoldsPositions ? pages : states));
        return bytes;
    }
}
