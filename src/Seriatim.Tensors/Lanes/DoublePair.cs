namespace Seriatim.Tensors;

/// <summary>
/// A number as the sum of two doubles, about 32 digits (Dekker, 1971): what tables of <see cref="PlainMath"/> are made with.
/// Slow, and short.
/// </summary>
internal readonly record struct DoublePair(double High, double Low)
{
    /// <summary>ln 2.</summary>
    public static readonly DoublePair Ln2 = new(0.6931471805599453, 2.3190468138462996e-17);

    /// <summary>The sum and what was rounded away.</summary>
    public static DoublePair Sum(double a, double b)
    {
        double sum = a + b, part = sum - a;
        return new(sum, a - (sum - part) + (b - part));
    }

    /// <summary>The product and what was rounded away.</summary>
    public static DoublePair Product(double a, double b)
    {
        double product = a * b;
        return new(product, Math.FusedMultiplyAdd(a, b, -product));
    }

    public static DoublePair operator +(DoublePair a, DoublePair b)
    {
        DoublePair high = Sum(a.High, b.High), low = Sum(a.Low, b.Low);
        high = Sum(high.High, high.Low + low.High);
        return Sum(high.High, high.Low + low.Low);
    }

    public static DoublePair operator -(DoublePair a, DoublePair b) => a + new DoublePair(-b.High, -b.Low);

    public static DoublePair operator *(DoublePair a, double b)
    {
        DoublePair product = Product(a.High, b);
        return Sum(product.High, Math.FusedMultiplyAdd(a.Low, b, product.Low));
    }

    public static DoublePair operator *(DoublePair a, DoublePair b)
    {
        DoublePair product = Product(a.High, b.High);
        return Sum(product.High, product.Low + (a.High * b.Low + a.Low * b.High));
    }

    public static DoublePair operator /(DoublePair a, DoublePair b)
    {
        double first = a.High / b.High;
        DoublePair rest = a - b * first;
        double second = rest.High / b.High;
        rest -= b * second;
        return Sum(first, second) + new DoublePair(rest.High / b.High, 0);
    }

    /// <summary><c>e^x</c> for |x| up to 1: the series.</summary>
    public static DoublePair Exp(DoublePair x)
    {
        DoublePair sum = new(1, 0), term = sum;
        for (int n = 1; n < 40; n++)
        {
            term = term * x / new DoublePair(n, 0);
            sum += term;
        }

        return sum;
    }

    /// <summary>Natural logarithm of a number between 1/2 and 2: <c>2 artanh((x - 1) / (x + 1))</c>, the series.</summary>
    public static DoublePair Log(DoublePair x)
    {
        DoublePair s = (x + new DoublePair(-1, 0)) / (x + new DoublePair(1, 0)), square = s * s, sum = s;
        for (int n = 3; n < 80 && s.High != 0; n += 2)
        {
            s *= square;
            sum += s / new DoublePair(n, 0);
        }

        return sum * 2;
    }
}
