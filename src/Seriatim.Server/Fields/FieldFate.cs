namespace Seriatim.Server;

/// <summary>What becomes of a field that is given.</summary>
internal enum FieldFate
{
    /// <summary>It does what it says.</summary>
    Honoured,

    /// <summary>The request is refused, by the field's name, unless it asks for nothing.</summary>
    Refused,

    /// <summary>It changes nothing, and by its meaning need not.</summary>
    WithoutEffect,
}
