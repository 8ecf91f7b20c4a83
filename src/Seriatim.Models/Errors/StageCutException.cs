namespace Seriatim.Models;

/// <summary>A model cannot be cut into stages, or not there.</summary>
public sealed class StageCutException : ModelException
{
    internal StageCutException(string message)
        : base(message)
    {
    }
}
