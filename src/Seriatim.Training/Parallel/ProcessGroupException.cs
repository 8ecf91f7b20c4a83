namespace Seriatim.Training;

/// <summary>Processes cannot work together. All of them throw it with one message, so one of them may say it for all.</summary>
/// <param name="message">Which ranks, and what is in the way.</param>
/// <param name="cause">The failure on this rank, if it was here.</param>
public class ProcessGroupException(string message, Exception? cause = null) : SeriatimException(message, cause);
