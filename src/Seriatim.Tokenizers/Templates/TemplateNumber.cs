using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Seriatim.Tokenizers;

/// <summary>Numbers as Python reads, writes and rounds them.</summary>
internal static partial class TemplateNumber
{
    private const int MaxDigits = 1000;

    /// <summary>
    /// A float as Python writes it: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on.
    /// </summary>
    public static string Repr(double number)
    {
        if (!double.IsFinite(number))
            return Special(number);
        (bool negative, string digits, int point) = Shortest(number);
        string text = point is > -4 and <= 16 ? Positional(digits, point) : Scientific(digits, point - 1, 'e');
        return negative ? "-" + text : text;
    }

    /// <summary>
    /// The digits of a number after rounding it to so many places (a tie goes to the even digit), without its sign.
    /// </summary>
    public static string Fixed(double number, int places)
    {
        if (!double.IsFinite(number))
            return Special(Math.Abs(number));
        string digits = Scaled(number, Checked(places)).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        return places == 0 ? digits : $"{digits[..^places]}.{digits[^places..]}";
    }

    /// <summary>As <see cref="Fixed"/>, with one digit before the point and an exponent.</summary>
    public static string Exponential(double number, int places, char letter = 'e')
    {
        if (!double.IsFinite(number))
            return Special(Math.Abs(number));
        (string digits, int exponent) = Significant(number, Checked(places) + 1);
        return Scientific(digits, exponent, letter);
    }

    /// <summary>
    /// The format <c>g</c>: so many digits, with an exponent if the number is very small or has more digits than that.
    /// </summary>
    public static string General(double number, int count, bool keepZeros = false, bool withFraction = false, char letter = 'e')
    {
        if (!double.IsFinite(number))
            return Special(Math.Abs(number));
        (string digits, int exponent) = Significant(number, Math.Max(1, Checked(count)));
        bool scientific = exponent < -4 || exponent >= digits.Length - (withFraction ? 1 : 0);
        int wanted = digits.Length;
        if (!keepZeros)
            digits = digits.TrimEnd('0') is { Length: > 0 } trimmed ? trimmed : "0";
        if (scientific)
            return Scientific(digits, exponent, letter);
        string text = Positional(digits, exponent + 1);
        return withFraction || (keepZeros && wanted > exponent + 1) || !text.EndsWith(".0", StringComparison.Ordinal)
            ? text
            : text[..^2];
    }

    /// <summary>Rounds to so many decimal places, as Python's <c>round</c>.</summary>
    public static double Round(double number, long places)
    {
        if (!double.IsFinite(number) || places > 323)
            return number;
        if (places < -308)
            return 0 * number;
        double rounded = double.Parse(
            Scaled(number, (int)places)
                .ToString(CultureInfo.InvariantCulture) + "E" + (-places).ToString(CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture);
        return double.IsNegative(number) ? -rounded : rounded;
    }

    /// <summary>An integer as the nearest double; infinity if it is too large.</summary>
    public static double ToDouble(BigInteger value)
    {
        if (value.GetBitLength() <= 63)
            return (long)value;
        return Divide(value, BigInteger.One);
    }

    /// <summary>The quotient as the nearest double, though neither operand may fit one.</summary>
    public static double Divide(BigInteger left, BigInteger right)
    {
        if (left.GetBitLength() <= 53 && right.GetBitLength() <= 53)
            return (double)(long)left / (long)right;

        // 64 bits of the quotient, the last of which says whether anything follows: so one
        // rounding is left, to the nearest double.
        BigInteger x = BigInteger.Abs(left), y = BigInteger.Abs(right);
        int shift = (int)(y.GetBitLength() - x.GetBitLength()) + 64;
        BigInteger quotient = BigInteger.DivRem(shift > 0 ? x << shift : x, shift < 0 ? y << -shift : y, out BigInteger rest);
        int surplus = (int)Math.Max(0, quotient.GetBitLength() - 64);
        bool follows = !rest.IsZero || !(quotient & ((BigInteger.One << surplus) - 1)).IsZero;
        double result = Math.ScaleB((ulong)(quotient >> surplus) | (follows ? 1UL : 0), surplus - shift);
        return left.Sign * right.Sign < 0 ? -result : result;
    }

    /// <summary>What <c>int(text, base)</c> gives, or null.</summary>
    public static BigInteger? ParseInteger(string text, int numberBase = 10)
    {
        text = TemplateText.Strip(text, null, true, true);
        bool negative = text.StartsWith('-');
        text = negative || text.StartsWith('+') ? text[1..] : text;
        int prefix = text.Length > 1 && text[0] == '0'
            ? char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 }
            : 0;
        if (prefix != 0 && (numberBase == prefix || numberBase == 0))
            (text, numberBase) = (text[2..].StartsWith('_') ? text[3..] : text[2..], prefix);
        numberBase = numberBase == 0 ? 10 : numberBase;
        if (text.Length is 0 or > 4300 || text[0] == '_' || text[^1] == '_' || text.Contains("__", StringComparison.Ordinal))
            return null;
        var value = BigInteger.Zero;
        foreach (char c in text)
        {
            int digit = c switch
            {
                '_' => -1,
                >= '0' and <= '9' => c - '0',
                >= 'a' and <= 'z' => c - 'a' + 10,
                >= 'A' and <= 'Z' => c - 'A' + 10,
                _ => 99,
            };
            if (digit >= numberBase)
                return null;
            value = digit < 0 ? value : (value * numberBase) + digit;
        }

        return negative ? -value : value;
    }

    /// <summary>What <c>float(text)</c> gives, or null.</summary>
    public static double? ParseFloat(string text)
    {
        text = TemplateText.Strip(text, null, true, true);
        Match special = SpecialForm().Match(text);
        if (special.Success)
        {
            double value = special.Groups[2].Value.StartsWith("n", StringComparison.OrdinalIgnoreCase)
                ? double.NaN
                : double.PositiveInfinity;
            return special.Groups[1].Value == "-" ? -value : value;
        }

        return FloatForm().IsMatch(text)
            ? double.Parse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float,
                CultureInfo.InvariantCulture) : null;
    }

    /// <summary>
    /// The number times ten to the power of <paramref name="places"/>, as the nearest integer; a tie goes to the even one.
    /// </summary>
    public static BigInteger Scaled(double number, int places)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(number));
        int exponent = (int)(bits >> 52);
        BigInteger numerator = exponent == 0 ? bits : (bits & 0xFFFFFFFFFFFFF) | (1L << 52);
        exponent = Math.Max(1, exponent) - 1075;
        numerator = (exponent > 0 ? numerator << exponent : numerator) * BigInteger.Pow(10, Math.Max(places, 0));
        BigInteger denominator = BigInteger.Pow(10, Math.Max(-places, 0)) << Math.Max(-exponent, 0);
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        int half = (rest * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    private static string Special(double number) => double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";

    private static int Checked(int places) => places <= MaxDigits ? places
        : throw new ChatTemplateException($"a number is to be written with {places} digits, more than {MaxDigits}");

    private static (string Digits, int Exponent) Significant(double number, int count)
    {
        if (number == 0)
            return (new string('0', count), 0);
        int exponent = (int)Math.Floor(Math.Log10(Math.Abs(number)));
        for (exponent--; ; exponent++)
        {
            string digits = Scaled(number, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
            if (digits.Length <= count)
                return (digits.PadRight(count, '0'), exponent);
        }
    }

    private static (bool Negative, string Digits, int Point) Shortest(double number)
    {
        string text = number.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = number.ToString("R", CultureInfo.InvariantCulture).TrimStart('-');
        int mark = shortest.IndexOf('E');
        int exponent = mark < 0
            ? 0
            : int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = mark < 0 ? shortest : shortest[..mark];
        int point = mantissa.IndexOf('.') is >= 0 and var at ? at : mantissa.Length;
        string all = mantissa.Replace(".", "", StringComparison.Ordinal);
        string digits = all.TrimStart('0');
        point += exponent - (all.Length - digits.Length);
        digits = digits.TrimEnd('0');
        return digits.Length == 0 ? (text[0] == '-', "0", 1) : (text[0] == '-', digits, point);
    }

    private static string Positional(string digits, int point) =>
        point <= 0 ? $"0.{new string('0', -point)}{digits}"
        : point >= digits.Length ? $"{digits.PadRight(point, '0')}.0"
        : $"{digits[..point]}.{digits[point..]}";

    private static string Scientific(string digits, int exponent, char letter) =>
        $"{digits[..1]}{(digits.Length > 1 ? "." + digits[1..] : "")}"
            + $"{letter}{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";

    [GeneratedRegex(@"\A[+-]?([0-9](_?[0-9])*\.?([0-9](_?[0-9])*)?|\.[0-9](_?[0-9])*)([eE][+-]?[0-9](_?[0-9])*)?\z")]
    private static partial Regex FloatForm();

    [GeneratedRegex(@"\A([+-]?)(inf|infinity|nan)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SpecialForm();
}
