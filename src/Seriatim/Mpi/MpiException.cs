namespace Seriatim;

/// <summary>Open MPI is missing, is not Open MPI, or has failed.</summary>
/// <param name="message">What, and what to do.</param>
public sealed class MpiException(string message) : SeriatimException(message);
