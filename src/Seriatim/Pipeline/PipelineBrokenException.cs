using Seriatim.Training;

namespace Seriatim;

/// <summary>The stages of a model cannot go on in the midst of what they did: the others still wait for this one.</summary>
/// <param name="message">Which cannot go on, and why.</param>
/// <param name="cause">What it failed at.</param>
internal sealed class PipelineBrokenException(string message, Exception cause) : ProcessGroupException(message, cause);
