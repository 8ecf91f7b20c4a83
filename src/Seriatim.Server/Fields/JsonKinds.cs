namespace Seriatim.Server;

/// <summary>What kinds of JSON a field takes. Null is taken by every field, and means that it is not given.</summary>
[Flags]
internal enum JsonKinds
{
    None = 0,
    Boolean = 1,

    /// <summary>A number without a fraction.</summary>
    Integer = 2,

    /// <summary>Any number.</summary>
    Number = 4,
    String = 8,
    Array = 16,
    Object = 32,
}
