namespace Seriatim.Generation;

/// <summary>What the plain character after those that may come in any case does.</summary>
internal enum PlainEnd
{
    /// <summary>Some break the terminal off, or go on in other ways than the rest.</summary>
    Mixed,

    /// <summary>All end the terminal well; it may go on, too.</summary>
    Ends,

    /// <summary>All end the terminal well, and it does not go on.</summary>
    Closes,

    /// <summary>All break it off.</summary>
    Dies,
}
