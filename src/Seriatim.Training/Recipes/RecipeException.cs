namespace Seriatim.Training;

/// <summary>A recipe that cannot be followed; the message names the key.</summary>
public sealed class RecipeException(string message) : SeriatimException(message);
