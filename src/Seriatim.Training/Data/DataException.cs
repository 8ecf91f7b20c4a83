namespace Seriatim.Training;

/// <summary>Data that cannot be used as asked; the message names the file, the lines and the numbers.</summary>
public sealed class DataException(string message) : SeriatimException(message);
