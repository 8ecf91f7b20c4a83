namespace Seriatim.Cli;

/// <summary>What <c>train --json</c> prints for each event; what does not belong to the event is missing.</summary>
/// <param name="Event">start, log or end.</param>
/// <param name="Step">Steps done.</param>
/// <param name="MaxSteps">Steps in all.</param>
/// <param name="Parameters">start: trained values of the model.</param>
/// <param name="Memory">start: the estimate in bytes.</param>
/// <param name="Values">log: the figures, as in metrics.jsonl. end: those of the validation data.</param>
/// <param name="Cancelled">end: whether it was stopped.</param>
/// <param name="Checkpoint">end: the last checkpoint.</param>
/// <param name="Model">end: the folder of the finished model.</param>
internal sealed record TrainLine(
    string Event, long Step, long MaxSteps, long? Parameters = null, TrainMemory? Memory = null,
    IReadOnlyDictionary<string, double>? Values = null, bool? Cancelled = null, string? Checkpoint = null, string? Model = null);

/// <summary>The estimate of a run's memory, in bytes.</summary>
/// <param name="Weights">The parameters.</param>
/// <param name="Gradients">Their gradients.</param>
/// <param name="Moments">What the optimizer and the average keep.</param>
/// <param name="Activations">The largest batch, about.</param>
/// <param name="Total">All of it.</param>
internal sealed record TrainMemory(long Weights, long Gradients, long Moments, long Activations, long Total);
