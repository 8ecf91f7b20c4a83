namespace Seriatim.Generation;

/// <summary>How busy an engine is at this moment; unlike <see cref="EngineStatistics"/> it waits for no step.</summary>
public readonly record struct EngineLoad
{
    /// <summary>Requests that run.</summary>
    public required int Running { get; init; }

    /// <summary>Requests that wait; <see cref="EngineOptions.MaxQueuedRequests"/> of them may.</summary>
    public required int Waiting { get; init; }

    /// <summary>Pages of the model's own attention layers; 0 for models without.</summary>
    public int Pages { get; init; }

    /// <summary>Pages that sequences or the prefix cache hold.</summary>
    public int PagesInUse { get; init; }

    /// <summary>Of these, pages that only the prefix cache holds: given up when room is needed.</summary>
    public int PagesCached { get; init; }

    /// <summary>Recurrent states; 0 for models without.</summary>
    public int States { get; init; }

    /// <summary>States that sequences or the prefix cache hold.</summary>
    public int StatesInUse { get; init; }
}
