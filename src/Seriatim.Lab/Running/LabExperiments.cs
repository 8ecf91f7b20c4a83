namespace Seriatim.Lab;

/// <summary>All experiments, in the order of <c>seriatim lab</c>.</summary>
internal static class LabExperiments
{
    /// <summary>One line each.</summary>
    public static IReadOnlyList<Experiment> All { get; } =
    [
        new ParallelSerialExperiment(),
        new RecomputeExperiment(),
        new KvMemoryExperiment(),
        new PagingExperiment(),
        new BatchingExperiment(),
        new SpeculationExperiment(),
        new BeamExperiment(),
        new PositionsExperiment(),
        new HeadsExperiment(),
        new NormsExperiment(),
        new ResidualExperiment(),
        new WeightsExperiment(),
        new MaskedCausalExperiment(),
        new ArchitecturesExperiment(),
    ];

    /// <summary>The experiment with a name, or null.</summary>
    public static Experiment? Find(string name) => All.FirstOrDefault(e => e.Name == name);
}
