namespace Seriatim.Web.Training;

/// <summary>What the model wrote at a checkpoint.</summary>
/// <param name="Step">After so many steps.</param>
/// <param name="Prompt">What it was given.</param>
/// <param name="Text">What it went on with, or why it could not.</param>
internal sealed record TrainingSample(long Step, string Prompt, string Text);
