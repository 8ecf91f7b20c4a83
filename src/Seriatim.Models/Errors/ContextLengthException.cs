namespace Seriatim.Models;

/// <summary>A sequence is longer than the model's context, or than it was declared to become.</summary>
public sealed class ContextLengthException : ModelException
{
    private ContextLengthException(string message, int length, int limit)
        : base(message) => (Length, Limit) = (length, limit);

    /// <summary>Positions the sequence needs.</summary>
    public int Length { get; }

    /// <summary>Positions it may have.</summary>
    public int Limit { get; }

    internal static ContextLengthException OverContext(int length, int limit) => new(
        $"The sequence needs {length} positions; the model's context has {limit}. Shorten the prompt or ask for fewer new tokens.",
        length, limit);

    internal static ContextLengthException OverDeclared(int length, int declared) => new(
        $"The sequence needs {length} positions; it was declared to reach at most {declared}. Declare its full length from the start.",
        length, declared);
}
