namespace Seriatim.Generation;

/// <summary>Gauges and counters of an engine, taken between two steps.</summary>
public sealed record EngineStatistics
{
    /// <summary>Requests that wait.</summary>
    public int Waiting { get; init; }

    /// <summary>Requests that run.</summary>
    public int Running { get; init; }

    /// <summary>Each kind of memory that the model's layers have; empty for encoders.</summary>
    public IReadOnlyList<MemoryGauge> Memories { get; init; } = [];

    /// <summary>Pages of the model's own attention layers; 0 for models without.</summary>
    public int Pages { get; init; }

    /// <summary>Pages that running sequences hold.</summary>
    public int PagesUsed { get; init; }

    /// <summary>Of these, pages that more than one sequence holds.</summary>
    public int PagesShared { get; init; }

    /// <summary>Pages that only the prefix cache holds: given up when room is needed.</summary>
    public int PagesCached { get; init; }

    /// <summary>Positions of used pages that hold nothing: the unfilled tails.</summary>
    public int WastedPositions { get; init; }

    /// <summary>Steps so far.</summary>
    public long Steps { get; init; }

    /// <summary>Rows that went through the model.</summary>
    public long Rows { get; init; }

    /// <summary>Most rows of one step.</summary>
    public int LargestStep { get; init; }

    /// <summary>Requests that began with cached pages.</summary>
    public long PrefixHits { get; init; }

    /// <summary>Tokens that did not have to be computed because of that.</summary>
    public long TokensSaved { get; init; }

    /// <summary>How often a request's pages were taken away.</summary>
    public long Preemptions { get; init; }

    /// <summary>How often the draft model failed; the requests went on without drafts.</summary>
    public long DraftFailures { get; init; }

    /// <summary>Where the time went.</summary>
    public EngineTimes Times { get; init; }
}
