namespace Seriatim.Lab;

/// <summary>An experiment cannot be done with this model or on this machine; the report says why.</summary>
internal sealed class LabSkipException(LabText reason) : Exception(reason.English)
{
    /// <summary>The reason, for the report.</summary>
    public LabText Reason { get; } = reason;
}
