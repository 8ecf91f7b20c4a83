namespace Seriatim.Models;

/// <summary>What follows from a model and the terms of a sequence.</summary>
/// <param name="Context">Most positions.</param>
/// <param name="Reach">
/// The positions that some layer may still see, so that pages of others can be given back; null: all positions are kept.
/// </param>
public readonly record struct SequenceLimits(int Context, AttentionWindow? Reach);
