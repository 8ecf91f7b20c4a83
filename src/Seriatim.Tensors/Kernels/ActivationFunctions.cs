using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>An activation and its slope in 16 lanes.</summary>
internal interface IActivationFunction<T>
    where T : struct, ILanes<T>
{
    static abstract T Value(T x);

    static abstract T Slope(T x);
}

/// <summary>The functions of <see cref="Activation"/>, each with its derivative.</summary>
internal static class ActivationFunctions<T>
    where T : struct, ILanes<T>
{
    private static T One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.Broadcast(1f);
    }

    /// <summary><c>x σ(k x)</c>, whose slope is <c>σ + k x σ (1 - σ)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SwishSlope(T x, float k)
    {
        T sigmoid = LaneMath<T>.Sigmoid(T.Broadcast(k) * x);
        return sigmoid + T.Broadcast(k) * x * sigmoid * (One - sigmoid);
    }

    public readonly struct Relu : IActivationFunction<T>
    {
        // In this order: Max gives its second operand if one is not a number.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => T.Max(T.Broadcast(0f), x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x) => T.Select(T.Less(T.Broadcast(0f), x), One, T.Broadcast(0f));
    }

    public readonly struct Gelu : IActivationFunction<T>
    {
        private const float RootHalf = 0.70710678118654752f;
        private const float DensityAtZero = 0.3989422804014327f; // 1 / sqrt(2 pi)

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => x * Distribution(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x)
        {
            T density = T.Broadcast(DensityAtZero) * LaneMath<T>.Exp(T.Broadcast(-0.5f) * x * x);
            return T.MultiplyAdd(x, density, Distribution(x));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Distribution(T x) =>
            T.MultiplyAdd(T.Broadcast(0.5f), LaneMath<T>.Erf(x * T.Broadcast(RootHalf)), T.Broadcast(0.5f));
    }

    /// <summary><c>x (1 + tanh(u)) / 2 = x σ(2u)</c> with <c>u = sqrt(2/π) (x + 0.044715 x³)</c>.</summary>
    public readonly struct GeluTanh : IActivationFunction<T>
    {
        private const float TwoRootTwoOverPi = 1.5957691216057308f;
        private const float Cubic = 0.044715f;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => x * Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x)
        {
            T sigmoid = Sigmoid(x);
            T inner = T.Broadcast(TwoRootTwoOverPi) * T.MultiplyAdd(T.Broadcast(3 * Cubic), x * x, One);
            return sigmoid + x * sigmoid * (One - sigmoid) * inner;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Sigmoid(T x) =>
            LaneMath<T>.Sigmoid(T.Broadcast(TwoRootTwoOverPi) * T.MultiplyAdd(T.Broadcast(Cubic) * x, x * x, x));
    }

    public readonly struct GeluQuick : IActivationFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => x * LaneMath<T>.Sigmoid(T.Broadcast(1.702f) * x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x) => SwishSlope(x, 1.702f);
    }

    public readonly struct Silu : IActivationFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => x * LaneMath<T>.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x) => SwishSlope(x, 1f);
    }

    public readonly struct Tanh : IActivationFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => LaneMath<T>.Tanh(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x)
        {
            T y = LaneMath<T>.Tanh(x);
            return One - y * y;
        }
    }

    public readonly struct Sigmoid : IActivationFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => LaneMath<T>.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x)
        {
            T y = LaneMath<T>.Sigmoid(x);
            return y * (One - y);
        }
    }

    /// <summary><c>max(x, 0) + log(1 + e^-|x|)</c>, whose slope is <c>σ(x)</c>.</summary>
    public readonly struct Softplus : IActivationFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => Relu.Value(x) + LaneMath<T>.LogOnePlus(LaneMath<T>.Exp(T.Or(x, T.Broadcast(-0f))));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x) => LaneMath<T>.Sigmoid(x);
    }

    public readonly struct Identity : IActivationFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x) => x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x) => One;
    }
}
