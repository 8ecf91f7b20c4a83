namespace Seriatim;

/// <summary>What a stage is told to do.</summary>
internal enum StageCommandKind
{
    /// <summary>Leave in good order.</summary>
    Stop,

    /// <summary>Load layers of a model, while what else is told goes on (<see cref="StageOpening"/>).</summary>
    Open,

    /// <summary>Give back what the layers of a model take.</summary>
    Close,

    /// <summary>Make room for what sequences remember, and report.</summary>
    MakePools,

    /// <summary>Run the layers on the rows of the stage before.</summary>
    Pass,

    /// <summary>Report what it takes now.</summary>
    Report,

    /// <summary>Add an adapter's part to the layers.</summary>
    AddAdapter,

    /// <summary>Take an adapter away.</summary>
    RemoveAdapter,
}
