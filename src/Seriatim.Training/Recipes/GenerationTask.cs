namespace Seriatim.Training;

/// <summary>
/// What an evaluation with <c>predict_with_generate</c> asks of <see cref="TrainingOptions.Generate"/>: the texts that the model
/// makes of some sources.
/// </summary>
/// <param name="Model">
/// The model with the weights to be judged; it is trained on afterwards, so it must not be kept or disposed.
/// </param>
/// <param name="Ops">The device, for use during the call.</param>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="Sources">Ids of the encoder's input of each pair, as they were in training.</param>
/// <param name="MaxLength">Most ids of a target, at least 1.</param>
/// <param name="Beams">Beams; 1: the most probable id each time.</param>
public sealed record GenerationTask(
    Model Model, IOps Ops, Tokenizer Tokenizer, IReadOnlyList<ReadOnlyMemory<int>> Sources, int MaxLength, int Beams);
