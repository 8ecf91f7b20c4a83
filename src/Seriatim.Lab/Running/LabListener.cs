namespace Seriatim.Lab;

/// <summary>Who is told how far a run of the lab is; called on the thread that works.</summary>
/// <param name="Measured">The machine's limits are known.</param>
/// <param name="Doing">What is being done, in a few words; no words: the experiment begins.</param>
/// <param name="Done">A result is there.</param>
internal sealed record LabListener(
    Action<LabMachine> Measured, Action<Experiment, string> Doing, Action<Experiment, LabResult> Done)
{
    /// <summary>Is told what an experiment sees on its way, as soon as it does; null: nobody is.</summary>
    public Action<Experiment, LabPoint>? Seen { get; init; }
}
