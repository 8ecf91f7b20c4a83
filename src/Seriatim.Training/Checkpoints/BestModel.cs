namespace Seriatim.Training;

/// <summary>The best checkpoint of a run so far.</summary>
/// <param name="Value">The figure it has.</param>
/// <param name="Step">Its step.</param>
/// <param name="Since">Evaluations since then, none of them better.</param>
public sealed record BestModel(double Value, long Step, int Since)
{
    /// <summary>Name of its folder within the output folder.</summary>
    public string Folder => CheckpointStore.NameOf(Step);
}
