namespace Seriatim.Training;

/// <summary>Figures of one step, e.g. <c>loss</c>, <c>learning_rate</c>, <c>eval_loss</c>.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Values">The figures by name.</param>
public sealed record LogEntry(long Step, IReadOnlyDictionary<string, double> Values);
