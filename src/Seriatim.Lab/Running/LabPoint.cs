namespace Seriatim.Lab;

/// <summary>Something that an experiment sees on its way: a loss after a step, a time of a round.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Series">Which model, or which side of a comparison, from 1: those of one kind are numbered as they come.</param>
/// <param name="X">The step, or the round.</param>
/// <param name="Y">The loss in nats, or milliseconds.</param>
internal readonly record struct LabPoint(LabPointKind Kind, int Series, double X, double Y);

/// <summary>What a point is.</summary>
internal enum LabPointKind
{
    /// <summary>The loss of a model that is being trained.</summary>
    Loss,

    /// <summary>The time of something that is compared.</summary>
    Time,
}
