namespace Seriatim.Generation;

/// <summary>Where drafted tokens come from.</summary>
public enum SpeculationKind
{
    /// <summary>What followed the last tokens where they stood before, in the prompt or the output (Saxena, 2023).</summary>
    PromptLookup,

    /// <summary>A smaller model with the same tokens (Leviathan et al., 2023): <see cref="EngineOptions.DraftModel"/>.</summary>
    DraftModel,
}
