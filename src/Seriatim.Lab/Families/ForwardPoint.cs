namespace Seriatim.Lab;

/// <summary>One measurement: a whole sequence through one layer.</summary>
/// <param name="Length">Tokens.</param>
/// <param name="Seconds">Median time of a pass.</param>
/// <param name="PeakBytes">Memory of activations and scratch: all that was taken beside the weights.</param>
internal sealed record ForwardPoint(int Length, double Seconds, long PeakBytes);
