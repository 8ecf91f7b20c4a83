namespace Seriatim;

/// <summary>
/// A model could not be found or fetched. The message names it and says what to do; it is
/// meant to be shown to users as it stands.
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">What caused it, if it came from below.</param>
public abstract class ModelHubException(string message, Exception? inner = null) : SeriatimException(message, inner);
