using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// The model is not of the kind that can do what was asked, or the input is not what the task needs. The message says what is.
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
public sealed class ModelTaskException(string message) : GenerationException(message);
