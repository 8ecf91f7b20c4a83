namespace Seriatim.Server;

/// <summary>Whether tools are called.</summary>
internal enum ToolChoice
{
    /// <summary>As the model likes.</summary>
    Auto,

    /// <summary>Not at all; the model does not see them.</summary>
    None,

    /// <summary>At least one.</summary>
    Required,

    /// <summary>One by its name.</summary>
    Named,
}
