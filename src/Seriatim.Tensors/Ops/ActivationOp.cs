using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary><c>y = f(x)</c>, and gated <c>y = f(gate) · up</c>. Backward: <c>dx = f'(x) dy</c>; <c>dgate = f'(gate) up dy</c>, <c>dup = f(gate) dy</c>.</summary>
/// <remarks>Shapes: all [N, F]. Saved for backward: the operands.</remarks>
internal static class ActivationOp
{
    public static Tensor Forward<T>(WorkerTeam team, Tensor x, Activation activation)
        where T : struct, ILanes<T> => Switch<T, Forwards<T>>(team, activation, x, null, null);

    public static Tensor Backward<T>(WorkerTeam team, Tensor x, Activation activation, Tensor dy)
        where T : struct, ILanes<T>
    {
        OpShapes.RequireSame(x, dy, "Activation backward", "dy");
        return Switch<T, Backwards<T>>(team, activation, x, dy, null);
    }

    public static Tensor ForwardGated<T>(WorkerTeam team, Tensor gate, Tensor up, Activation activation)
        where T : struct, ILanes<T>
    {
        OpShapes.RequireSame(gate, up, "Gated activation", "up");
        return Switch<T, Gated<T>>(team, activation, gate, up, null);
    }

    public static (Tensor Dgate, Tensor Dup) BackwardGated<T>(WorkerTeam team, Tensor gate, Tensor up, Activation activation, Tensor dy)
        where T : struct, ILanes<T>
    {
        OpShapes.RequireSame(gate, up, "Gated activation backward", "up");
        OpShapes.RequireSame(gate, dy, "Gated activation backward", "dy");
        return (Switch<T, GatedBackwards<T>>(team, activation, gate, up, dy), Switch<T, Gated<T>>(team, activation, gate, dy, null));
    }

    public static Tensor Reference(Tensor x, Activation activation)
    {
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        for (int i = 0; i < x.Length; i++)
            y.Span[i] = (float)Value(activation, x.Span[i]);
        return y;
    }

    public static Tensor ReferenceBackward(Tensor x, Activation activation, Tensor dy)
    {
        OpShapes.RequireSame(x, dy, "Activation backward", "dy");
        Tensor dx = Tensor.Create(x.Rows, x.Columns);
        for (int i = 0; i < x.Length; i++)
            dx.Span[i] = (float)(Slope(activation, x.Span[i]) * dy.Span[i]);
        return dx;
    }

    public static Tensor ReferenceGated(Tensor gate, Tensor up, Activation activation)
    {
        OpShapes.RequireSame(gate, up, "Gated activation", "up");
        Tensor y = Tensor.Create(gate.Rows, gate.Columns);
        for (int i = 0; i < gate.Length; i++)
            y.Span[i] = (float)(Value(activation, gate.Span[i]) * up.Span[i]);
        return y;
    }

    public static (Tensor, Tensor) ReferenceGatedBackward(Tensor gate, Tensor up, Activation activation, Tensor dy)
    {
        OpShapes.RequireSame(gate, up, "Gated activation backward", "up");
        OpShapes.RequireSame(gate, dy, "Gated activation backward", "dy");
        Tensor dgate = Tensor.Create(gate.Rows, gate.Columns);
        Tensor dup = Tensor.Create(gate.Rows, gate.Columns);
        for (int i = 0; i < gate.Length; i++)
        {
            dgate.Span[i] = (float)(Slope(activation, gate.Span[i]) * up.Span[i] * dy.Span[i]);
            dup.Span[i] = (float)(Value(activation, gate.Span[i]) * dy.Span[i]);
        }

        return (dgate, dup);
    }

    /// <summary>A use of an activation: which kernel runs over it.</summary>
    private interface IUse<T>
        where T : struct, ILanes<T>
    {
        static abstract Tensor Run<TFunction>(WorkerTeam team, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T>;
    }

    /// <summary>The one place that turns the enumeration into a type, outside all loops.</summary>
    private static Tensor Switch<T, TUse>(WorkerTeam team, Activation activation, Tensor a, Tensor? b, Tensor? c)
        where T : struct, ILanes<T>
        where TUse : struct, IUse<T> => activation switch
        {
            Activation.Relu => TUse.Run<ActivationFunctions<T>.Relu>(team, a, b, c),
            Activation.Gelu => TUse.Run<ActivationFunctions<T>.Gelu>(team, a, b, c),
            Activation.GeluTanh => TUse.Run<ActivationFunctions<T>.GeluTanh>(team, a, b, c),
            Activation.GeluQuick => TUse.Run<ActivationFunctions<T>.GeluQuick>(team, a, b, c),
            Activation.Silu => TUse.Run<ActivationFunctions<T>.Silu>(team, a, b, c),
            Activation.Tanh => TUse.Run<ActivationFunctions<T>.Tanh>(team, a, b, c),
            Activation.Sigmoid => TUse.Run<ActivationFunctions<T>.Sigmoid>(team, a, b, c),
            _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
        };

    private readonly struct Forwards<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static Tensor Run<TFunction>(WorkerTeam team, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, a);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T x, T unused, T unused2) => TFunction.Value(x);
        }
    }

    private readonly struct Backwards<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static Tensor Run<TFunction>(WorkerTeam team, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, a, b);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T x, T dy, T unused) => TFunction.Slope(x) * dy;
        }
    }

    private readonly struct Gated<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static Tensor Run<TFunction>(WorkerTeam team, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, a, b);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T gate, T up, T unused) => TFunction.Value(gate) * up;
        }
    }

    private readonly struct GatedBackwards<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static Tensor Run<TFunction>(WorkerTeam team, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, a, b, c);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T gate, T up, T dy) => TFunction.Slope(gate) * up * dy;
        }
    }

    private static double Value(Activation activation, double x) => activation switch
    {
        Activation.Relu => Math.Max(x, 0),
        Activation.Gelu => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        Activation.GeluTanh => x * Sigmoid(2 * TanhArgument(x)),
        Activation.GeluQuick => x * Sigmoid(1.702 * x),
        Activation.Silu => x * Sigmoid(x),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => Sigmoid(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
    };

    private static double Slope(Activation activation, double x)
    {
        switch (activation)
        {
            case Activation.Relu:
                return x > 0 ? 1 : 0;
            case Activation.Gelu:
                return 0.5 * (1 + Erf(x / Math.Sqrt(2))) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
            case Activation.GeluTanh:
                double s = Sigmoid(2 * TanhArgument(x));
                return s + x * s * (1 - s) * 2 * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
            case Activation.GeluQuick:
                double q = Sigmoid(1.702 * x);
                return q + x * q * (1 - q) * 1.702;
            case Activation.Silu:
                double l = Sigmoid(x);
                return l + x * l * (1 - l);
            case Activation.Tanh:
                return 1 - Math.Tanh(x) * Math.Tanh(x);
            case Activation.Sigmoid:
                return Sigmoid(x) * (1 - Sigmoid(x));
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation.");
        }
    }

    private static double TanhArgument(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>The error function: its Taylor series near zero, a continued fraction of its complement further out.</summary>
    private static double Erf(double x)
    {
        if (double.IsNaN(x))
            return x; // which has no sign
        double a = Math.Abs(x);
        if (a > 6)
            return Math.Sign(x);
        if (a < 2.5)
        {
            double term = a;
            double sum = a;
            for (int n = 1; Math.Abs(term) > 1e-17 * sum && n < 200; n++)
            {
                term *= -a * a / n;
                sum += term / (2 * n + 1);
            }

            return Math.Sign(x) * sum * 2 / Math.Sqrt(Math.PI);
        }

        double fraction = 0;
        for (int n = 60; n > 0; n--)
            fraction = n / 2.0 / (a + fraction);
        return Math.Sign(x) * (1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + fraction));
    }
}
