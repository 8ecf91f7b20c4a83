namespace Seriatim.Models;

/// <summary>How a matrix of a file is used by the model that was made of it.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Stored">How the file holds it: a type, or the way several tensors make it.</param>
/// <param name="Used">What products read: a type, or blocks.</param>
/// <param name="IsOpened">Whether it was opened at load: products read something else than the file holds.</param>
public sealed record TensorUse(string Name, string Stored, string Used, bool IsOpened);
