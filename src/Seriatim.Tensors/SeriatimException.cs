namespace Seriatim;

/// <summary>
/// The root of all exceptions that this library makes where something is not as it must be: a file, a model, a request, a hub, a
/// recipe. The message names what, both numbers where there are two, and what to do; it is meant to be shown to users as it
/// stands. Wrong arguments are <see cref="ArgumentException"/>s, and what the system refuses is what the system throws.
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">What caused it, if it came from below.</param>
public abstract class SeriatimException(string message, Exception? inner = null) : Exception(message, inner);
