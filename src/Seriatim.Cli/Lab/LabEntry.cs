using Seriatim.Lab;

namespace Seriatim.Cli;

/// <summary>What <c>lab --json</c> prints of each experiment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Claim">The claim.</param>
/// <param name="Source">Where the claim is from.</param>
/// <param name="Formula">What predicts.</param>
/// <param name="TakesModel">Whether <c>-m</c> changes what it runs on.</param>
internal sealed record LabEntry(string Name, LabText Claim, string Source, string Formula, bool TakesModel)
{
    public static LabEntry Of(Experiment experiment) =>
        new(experiment.Name, experiment.Claim, experiment.Source, experiment.Formula, experiment.TakesModel);
}
