namespace Seriatim.Models;

/// <summary>Other rotary positions than those of the model's config, for one sequence.</summary>
/// <param name="Scaling">Takes the place of the config's scaling; null: none.</param>
/// <param name="Theta">Takes the place of the config's base of the wave lengths; null: that stays.</param>
public sealed record RopeChange(RopeScaling? Scaling, double? Theta = null)
{
    internal PositionSpec.Rope Of(PositionSpec.Rope rope) => rope with { Scaling = Scaling, Theta = Theta ?? rope.Theta };
}
