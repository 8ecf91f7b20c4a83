namespace Seriatim.Training;

/// <summary>A checkpoint that a run has written: a whole model with its tokenizer.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Folder">
/// Where it is. A later one may remove it (<c>save_total_limit</c>), but not while the run tells of it.
/// </param>
public sealed record SavedCheckpoint(long Step, string Folder);
