namespace Seriatim.Models;

/// <summary>A tensor of a file that nothing was made of.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Reason">Why that changes no result.</param>
public sealed record SkippedTensor(string Name, string Reason);
