namespace Seriatim.Generation;

/// <summary>
/// A request cannot be served as it was asked. The message names what is wrong, both numbers where there are two, and what to do;
/// it is meant to be shown to users as it stands.
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">What caused it, if it came from below.</param>
public abstract class GenerationException(string message, Exception? inner = null) : SeriatimException(message, inner);
