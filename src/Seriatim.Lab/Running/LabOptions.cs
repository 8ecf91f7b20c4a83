namespace Seriatim.Lab;

/// <summary>What a user asks the lab for.</summary>
/// <param name="Size">How thoroughly.</param>
/// <param name="Model">A model for the experiments that take one; null: their own.</param>
/// <param name="Threads">Threads; 0: one a core.</param>
/// <param name="Seed">Of everything random.</param>
internal sealed record LabOptions(LabSize Size = LabSize.Full, string? Model = null, int Threads = 0, ulong Seed = 1);
