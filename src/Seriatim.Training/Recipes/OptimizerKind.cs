namespace Seriatim.Training;

/// <summary>The optimizer of a recipe, <c>optim</c>.</summary>
public enum OptimizerKind
{
    /// <summary><c>adamw</c>.</summary>
    AdamW,

    /// <summary><c>lion</c>.</summary>
    Lion,

    /// <summary><c>adafactor</c>.</summary>
    Adafactor,
}
