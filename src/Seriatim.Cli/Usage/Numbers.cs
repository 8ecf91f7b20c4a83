using System.Globalization;
using System.Numerics;

namespace Seriatim.Cli;

/// <summary>
/// The one reader of numbers that users write: a point before decimals, no signs between groups of digits, in every language of
/// the system. An exponent is read where decimals are (<c>1e-3</c>), not in whole numbers.
/// </summary>
internal static class Numbers
{
    private const NumberStyles Whole = NumberStyles.AllowLeadingSign;
    private const NumberStyles Decimal =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public static bool TryRead<T>(string text, out T value)
        where T : struct, INumber<T>
    {
        bool whole = IsWhole<T>();
        return T.TryParse(text, whole ? Whole : Decimal, CultureInfo.InvariantCulture, out value) && T.IsFinite(value);
    }

    /// <summary>What is needed instead of a text that is no number.</summary>
    public static string Needed<T>(string text)
        where T : struct, INumber<T>
    {
        bool whole = IsWhole<T>();
        string withPoint = text.Replace(',', '.');
        if (!whole && withPoint != text && TryRead(withPoint, out T _))
            return $"a number with a point is needed: {withPoint}";
        return !whole ? "a number is needed, e.g. 0.5" : typeof(T) == typeof(ulong)
            ? "a whole number, 0 or more, is needed" : "a whole number is needed";
    }

    private static bool IsWhole<T>() => typeof(T) == typeof(int) || typeof(T) == typeof(long) || typeof(T) == typeof(ulong);
}
