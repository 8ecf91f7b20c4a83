using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>What the activation ops share: the functions in lanes, chosen once outside all loops, and in double.</summary>
internal static class ActivationMath
{
    /// <summary>A use of an activation: which kernel runs over it.</summary>
    public interface IUse<T>
        where T : struct, ILanes<T>
    {
        static abstract void Run<TFunction>(WorkerTeam team, Tensor y, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T>;
    }

    /// <summary>The one place that turns the enumeration into a type, outside all loops.</summary>
    public static void Switch<T, TUse>(WorkerTeam team, Activation activation, Tensor y, Tensor a, Tensor? b, Tensor? c)
        where T : struct, ILanes<T>
        where TUse : struct, IUse<T>
    {
        switch (activation)
        {
            case Activation.Relu: TUse.Run<ActivationFunctions<T>.Relu>(team, y, a, b, c); break;
            case Activation.Gelu: TUse.Run<ActivationFunctions<T>.Gelu>(team, y, a, b, c); break;
            case Activation.GeluTanh: TUse.Run<ActivationFunctions<T>.GeluTanh>(team, y, a, b, c); break;
            case Activation.GeluQuick: TUse.Run<ActivationFunctions<T>.GeluQuick>(team, y, a, b, c); break;
            case Activation.Silu: TUse.Run<ActivationFunctions<T>.Silu>(team, y, a, b, c); break;
            case Activation.Tanh: TUse.Run<ActivationFunctions<T>.Tanh>(team, y, a, b, c); break;
            case Activation.Sigmoid: TUse.Run<ActivationFunctions<T>.Sigmoid>(team, y, a, b, c); break;
            case Activation.Softplus: TUse.Run<ActivationFunctions<T>.Softplus>(team, y, a, b, c); break;
            case Activation.Identity: TUse.Run<ActivationFunctions<T>.Identity>(team, y, a, b, c); break;
            default: throw Unknown(activation);
        }
    }

    public static void Check(Activation activation)
    {
        if (!Enum.IsDefined(activation))
            throw Unknown(activation);
    }

    private static ArgumentOutOfRangeException Unknown(Activation activation) =>
        new(nameof(activation), activation, "Not an activation.");

    public readonly struct Forwards<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static void Run<TFunction>(WorkerTeam team, Tensor y, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, y, a);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T x, T unused, T unused2) => TFunction.Value(x);
        }
    }

    public readonly struct Backwards<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static void Run<TFunction>(WorkerTeam team, Tensor y, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, y, a, b);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T x, T dy, T unused) => TFunction.Slope(x) * dy;
        }
    }

    public readonly struct Gated<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static void Run<TFunction>(WorkerTeam team, Tensor y, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> => ElementKernel<T, Function<TFunction>>.Run(team, default, y, a, b);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T gate, T up, T unused) => TFunction.Value(gate) * up;
        }
    }

    public readonly struct GatedBackwards<T> : IUse<T>
        where T : struct, ILanes<T>
    {
        public static void Run<TFunction>(WorkerTeam team, Tensor y, Tensor a, Tensor? b, Tensor? c)
            where TFunction : struct, IActivationFunction<T> =>
            ElementKernel<T, Function<TFunction>>.Run(team, default, y, a, b, c);

        private readonly struct Function<TFunction> : IElementFunction<T>
            where TFunction : struct, IActivationFunction<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public T Value(T gate, T up, T dy) => TFunction.Slope(gate) * up * dy;
        }
    }

    public static double Value(Activation activation, double x) => activation switch
    {
        Activation.Relu => Math.Max(x, 0),
        Activation.Gelu => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        Activation.GeluTanh => x * Sigmoid(2 * TanhArgument(x)),
        Activation.GeluQuick => x * Sigmoid(1.702 * x),
        Activation.Silu => x * Sigmoid(x),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => Sigmoid(x),
        Activation.Softplus => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x))),
        Activation.Identity => x,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
    };

    public static double Slope(Activation activation, double x)
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
            case Activation.Softplus:
                return Sigmoid(x);
            case Activation.Identity:
                return 1;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation.");
        }
    }

    private static double TanhArgument(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    /// <summary>The library's <c>LogP1</c> is the logarithm of the sum, which has lost small numbers.</summary>
    private static double LogOnePlus(double x) => x < 1e-5 ? x * (1 - x / 2 * (1 - 2 * x / 3)) : Math.Log(1 + x);

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
