using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// A model whose layers are cut across the processes of a group: rank 0 opens it as a <see cref="LanguageModel"/>, the others run
/// a <see cref="PipelineWorker"/> with the same options (decision 045). None of it changes what is generated.
/// </summary>
public sealed record PipelineOptions
{
    /// <summary>The processes, one for each stage; used by this model alone as long as it is open.</summary>
    public required ProcessGroup Group { get; init; }

    /// <summary>What several models tell the processes by; null: there is this one.</summary>
    internal PipelineHost? Host { get; init; }

    /// <summary>Layers of each stage, by rank; null: cut so that the largest stage takes as little memory as can be.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>
    /// Runs of rows that a step is cut into at most, so that stages work at the same time; null: two for each stage.
    /// </summary>
    public int? MicroBatches { get; init; }

    /// <summary>
    /// Rows that such a run has at least: with few rows a stage takes as long as with one, as it reads all of its weights.
    /// </summary>
    public int MinRows { get; init; } = 32;

    /// <summary>Refuses numbers that mean nothing.</summary>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Group);
        if (MicroBatches is < 1)
            throw new ArgumentOutOfRangeException(nameof(MicroBatches), MicroBatches, "At least 1 run of rows is needed.");
        ArgumentOutOfRangeException.ThrowIfLessThan(MinRows, 1);
        if (Layers is { } layers && layers.Count != Group.Size)
        {
            throw new ProcessGroupException(
                $"Layers of {layers.Count} stages are given ({string.Join(", ", layers)}), and there are {Group.Size} processes; "
                    + "each is one stage.");
        }
    }
}
