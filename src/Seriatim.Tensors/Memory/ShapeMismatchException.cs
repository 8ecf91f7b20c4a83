namespace Seriatim.Tensors;

/// <summary>An operand does not have the shape an operation needs. The message names the operand and both shapes.</summary>
public sealed class ShapeMismatchException(string message) : ArgumentException(message)
{
    internal static void Require(bool condition, string operation, string operand, string actual, string needed)
    {
        if (!condition)
            throw new ShapeMismatchException($"{operation}: {operand} is {actual}; {needed} is needed.");
    }
}
