namespace Seriatim.Simulation;

/// <summary>What happens in a simulation.</summary>
internal enum EventKind
{
    /// <summary>A request has come to its door.</summary>
    Arrival,

    /// <summary>A replica's step ends.</summary>
    StepEnd,

    /// <summary>A door asks the replicas of its cell how they are.</summary>
    Report,

    /// <summary>A door has waited for an answer for as long as it does.</summary>
    Patience,

    /// <summary>A stream that nobody took asks again.</summary>
    Retry,

    /// <summary>A replica is killed.</summary>
    Kill,

    /// <summary>One that was killed is there again.</summary>
    Restart,

    /// <summary>A replica is frozen.</summary>
    Freeze,

    /// <summary>It goes on.</summary>
    Thaw,
}
