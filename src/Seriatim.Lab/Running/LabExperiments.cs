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
        new LatencyExperiment(),
        new FlashExperiment(),
        new SpeculationExperiment(),
        new BeamExperiment(),
        new MaskPredictExperiment(),
        new FamiliesExperiment(),
        new RnnExperiment(),
        new PositionsExperiment(),
        new HeadsExperiment(),
        new ExposureExperiment(),
        new NormsExperiment(),
        new ResidualExperiment(),
        new WeightsExperiment(),
        new MaskedCausalExperiment(),
        new PrefixesExperiment(),
        new ArchitecturesExperiment(),
        new QuantisationExperiment(),
        new UnembeddingExperiment(),
    ];

    /// <summary>The experiment with a name, or null.</summary>
    public static Experiment? Find(string name) => All.FirstOrDefault(e => e.Name == name);
}
