namespace Seriatim.Generation;

/// <summary>What an engine is doing.</summary>
public enum EngineState
{
    /// <summary>It takes requests and makes steps.</summary>
    Working,

    /// <summary>Its last step broke off; it goes on from the states of its requests.</summary>
    Recovering,

    /// <summary>It was disposed.</summary>
    Stopped,
}
