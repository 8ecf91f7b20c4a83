using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>An operand does not have the shape an operation needs. The message names the operand and both shapes.</summary>
public sealed class ShapeMismatchException(string message) : ArgumentException(message)
{
    /// <summary>
    /// Throws unless the condition holds. The texts are only put together when it does not: this runs in every op.
    /// </summary>
    internal static void Require(
        bool condition, string operation, string? operand,
        [InterpolatedStringHandlerArgument(nameof(condition))] LazyText actual,
        [InterpolatedStringHandlerArgument(nameof(condition))] LazyText needed)
    {
        if (!condition)
            throw new ShapeMismatchException($"{operation}: {operand} is {actual.Text}; {needed.Text} is needed.");
    }

    /// <summary>An interpolated string that is not built if the condition before it holds.</summary>
    [InterpolatedStringHandler]
    internal ref struct LazyText
    {
        private DefaultInterpolatedStringHandler _text;

        public LazyText(int literalLength, int formattedCount, bool condition, out bool build)
        {
            build = !condition;
            if (build)
                _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }

        public string Text => _text.ToStringAndClear();

        public void AppendLiteral(string value) => _text.AppendLiteral(value);

        public void AppendFormatted<TValue>(TValue value) => _text.AppendFormatted(value);
    }
}
