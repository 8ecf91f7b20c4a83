namespace Seriatim.Models;

/// <summary>
/// Something about a model, its files or its input is not as it must be. The message names the operand and both numbers
/// and says what to do; it is meant to be shown to users as it stands.
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
public abstract class ModelException(string message) : SeriatimException(message);
