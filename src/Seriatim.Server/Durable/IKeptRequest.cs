namespace Seriatim.Server;

/// <summary>A request that outlives the server it came to.</summary>
internal interface IKeptRequest
{
    /// <summary>What it was asked with.</summary>
    KeptHead Head { get; }

    /// <summary>Whether it is kept: of a request in the background that could not be, the answer says so and goes on.</summary>
    bool IsKept { get; }

    /// <summary>Whether all of its answer was there already when it was found.</summary>
    bool IsOver { get; }

    /// <summary>Called when its client has cancelled it at another server.</summary>
    Action? Cancelled { get; set; }

    /// <summary>It was refused after all: nothing is kept of it here, and it is left to whoever comes next.</summary>
    void Abandon();
}
