namespace Seriatim.Generation;

/// <summary>The blanks between the parts of a JSON text.</summary>
public enum JsonSpacing
{
    /// <summary>At most one blank after <c>,</c> and <c>:</c>.</summary>
    Blank,

    /// <summary>None.</summary>
    Compact,

    /// <summary>Up to 32 blanks, tabs and line ends between any two parts: for models that write indented JSON.</summary>
    Free,
}
