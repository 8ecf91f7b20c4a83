namespace Seriatim;

/// <summary>What a stage is told to do.</summary>
internal enum StageCommandKind
{
    /// <summary>Leave in good order.</summary>
    Stop,

    /// <summary>Make room for what sequences remember, and report.</summary>
    MakePools,

    /// <summary>Run the layers on the rows of the stage before.</summary>
    Pass,

    /// <summary>Report what it takes now.</summary>
    Report,
}
