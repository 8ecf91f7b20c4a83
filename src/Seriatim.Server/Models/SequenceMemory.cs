using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// How much memory a served model takes for what its sequences remember, where nobody has said it: several models share a
/// machine, and most requests are far from the whole context.
/// </summary>
internal static class SequenceMemory
{
    /// <summary>What a model takes at most, unless one sequence alone needs more.</summary>
    public const long Usual = 512L << 20;

    /// <summary>
    /// As many positions as all sequences together can have, within <see cref="Usual"/>; one whole context in any case, within
    /// <see cref="EngineOptions.MemoryBytes"/>.
    /// </summary>
    /// <param name="engine">The options; what they say stays.</param>
    /// <param name="model">The model.</param>
    /// <param name="context">Most positions of a sequence; <see cref="int.MaxValue"/>: any number.</param>
    public static EngineOptions Fit(EngineOptions engine, IGenerationModel model, int context)
    {
        long each = model.BytesPerPosition(engine.KeyValueType);
        bool isSaid = engine.Pages is not null || engine.States is not null
            || engine.MemoryBytes != new EngineOptions().MemoryBytes;
        if (isSaid || each == 0 || model.BytesPerState > 0)
            return engine;
        double pages = Math.Ceiling(context / (double)engine.PageSize);
        double one = pages * engine.PageSize * each, all = one * engine.MaxSequences;
        double bytes = Math.Min(Math.Max(Math.Min(all, Usual), one), engine.MemoryBytes);
        return engine with { MemoryBytes = (long)bytes };
    }
}
