namespace Seriatim;

/// <summary>Whether tools are called.</summary>
internal enum ToolChoiceKind
{
    /// <summary>The model decides.</summary>
    Auto,

    /// <summary>They are not.</summary>
    None,

    /// <summary>At least one is.</summary>
    Required,
}
