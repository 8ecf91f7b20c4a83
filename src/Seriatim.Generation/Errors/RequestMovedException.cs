namespace Seriatim.Generation;

/// <summary>
/// The request has left this engine by <see cref="GenerationHandle.ExportAsync"/>; its result comes from whoever goes on with it.
/// </summary>
public sealed class RequestMovedException : GenerationException
{
    internal RequestMovedException(long number)
        : base($"Request {number} was exported; submit its state to an engine to go on with it.")
    {
    }
}
