using System.Globalization;
using System.Numerics;
using System.Text;

namespace Seriatim.Generation;

/// <summary>Languages of decimal numbers: compared with a bound, divided by a number.</summary>
internal static class Decimals
{
    private const int MaxDigits = 400;

    private const int MaxRemainders = 10_000;

    private enum Phase : byte
    {
        Start,
        Sign,
        Zero,
        Whole,
        Point,
        Fraction,
    }

    /// <summary>Decimals without an exponent.</summary>
    public static ByteDfa Plain { get; } = RegexLanguage.Full(@"-?(?:0|[1-9]\d*)(?:\.\d+)?");

    /// <summary>Whole numbers, however written.</summary>
    public static ByteDfa Whole { get; } = RegexLanguage.Full(@"-?(?:0|[1-9]\d*)(?:\.0+)?");

    /// <summary>Whole numbers as they are written.</summary>
    public static ByteDfa WrittenWhole { get; } = RegexLanguage.Full(@"0|-?[1-9]\d*");

    /// <summary>Decimals in their shortest spelling.</summary>
    public static ByteDfa Shortest { get; } = RegexLanguage.Full(@"0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d*[1-9]");

    /// <summary>Any number of JSON.</summary>
    public static ByteDfa Json { get; } = RegexLanguage.Full(@"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+\-]?\d{1,3})?");

    private static ByteClasses Digits { get; } = ByteClasses.Among("-.0123456789");

    /// <summary>The decimals whose comparison with a bound (-1, 0, 1) is wanted.</summary>
    /// <param name="bound">A number of JSON.</param>
    /// <param name="wanted">Which comparisons are.</param>
    /// <exception cref="FormatException">The bound has too many digits.</exception>
    public static ByteDfa Compared(string bound, Func<int, bool> wanted)
    {
        (bool negative, string whole, string fraction) = Split(bound);
        bool isZero = whole == "0" && fraction.Length == 0;
        return Language.Explore<(Phase Phase, bool Negative, int At, int Order)>((Phase.Start, false, 0, 0),
            (state, value) => Step(state, (char)value, whole, fraction), state =>
            {
                if (state.Phase is Phase.Start or Phase.Sign or Phase.Point)
                    return false;
                int order = state.Phase == Phase.Fraction
                    ? state.Order != 0 ? state.Order : state.At < fraction.Length ? -1 : 0
                    : AfterWhole(state.At, state.Order, whole) is var o && o != 0 ? o : fraction.Length > 0 ? -1 : 0;
                if (isZero && order == 0)
                    return wanted(0);
                if (negative != state.Negative && !isZero)
                    return wanted(state.Negative ? -1 : 1);
                return wanted(state.Negative ? -order : order);
            }, Digits);
    }

    /// <summary>Some numbers, in all their spellings.</summary>
    /// <exception cref="FormatException">One has too many digits.</exception>
    public static ByteDfa Equal(IEnumerable<string> numbers) => Language.Of(nfa => nfa.Alternatives([.. numbers.Select(number =>
    {
        (bool negative, string whole, string fraction) = Split(number);
        Nfa.Fragment Sign(bool isZero) =>
            isZero ? nfa.Repeat(() => nfa.Literal("-"u8), 0, 1) : nfa.Literal(negative ? "-"u8 : ""u8);
        Nfa.Fragment Zeros(int min) => nfa.Repeat(() => nfa.Literal("0"u8), min, null);
        Nfa.Fragment start = nfa.Concat(Sign(whole == "0" && fraction.Length == 0), nfa.Literal(Encoding.UTF8.GetBytes(whole)));
        return fraction.Length > 0
            ? nfa.Concat(start, nfa.Concat(nfa.Literal(Encoding.UTF8.GetBytes("." + fraction)), Zeros(0)))
            : nfa.Concat(start, nfa.Repeat(() => nfa.Concat(nfa.Literal("."u8), Zeros(1)), 0, 1));
    })]));

    /// <summary>The multiples of a number.</summary>
    /// <exception cref="FormatException">It needs too many remainders.</exception>
    public static ByteDfa Multiples(string divisor)
    {
        (_, string whole, string fraction) = Split(divisor);
        int places = fraction.Length;
        var number = BigInteger.Parse(whole + fraction, CultureInfo.InvariantCulture);
        if (number.IsZero)
            throw new FormatException("it is 0");
        if (number * (places + 2) > MaxRemainders)
            throw new FormatException($"it needs more than {MaxRemainders} remainders");
        int modulus = (int)number;
        return Language.Explore<(Phase Phase, int Remainder, int Places)>((Phase.Start, 0, 0), (state, value) =>
        {
            char c = (char)value;
            if (Next(state.Phase, c) is not { } phase)
                return null;
            if (c is '-' or '.')
                return (phase, state.Remainder, 0);
            int digit = c - '0';
            if (phase != Phase.Fraction)
                return (phase, (state.Remainder * 10 + digit) % modulus, 0);
            if (state.Places < places)
                return (phase, (state.Remainder * 10 + digit) % modulus, state.Places + 1);
            return digit == 0 ? (phase, state.Remainder, places) : null;
        }, state =>
        {
            if (state.Phase is Phase.Start or Phase.Sign or Phase.Point)
                return false;
            int rest = state.Remainder;
            for (int i = state.Places; i < places; i++)
                rest = rest * 10 % modulus;
            return rest == 0;
        }, Digits);
    }

    /// <summary>
    /// The digits of a number of JSON without exponent: before the point, and after it without zeros at the end.
    /// </summary>
    public static (bool Negative, string Whole, string Fraction) Split(string number)
    {
        bool negative = number.StartsWith('-');
        string rest = negative ? number[1..] : number;
        int e = rest.IndexOfAny(['e', 'E']);
        int shift = 0;
        if (e >= 0 && (!int.TryParse(rest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out shift)
            || Math.Abs((long)shift) > MaxDigits))
            throw new FormatException($"{number} has too many digits");
        string digits = e < 0 ? rest : rest[..e];
        int point = digits.IndexOf('.', StringComparison.Ordinal);
        string whole = point < 0 ? digits : digits[..point], fraction = point < 0 ? "" : digits[(point + 1)..];
        if (shift > 0)
        {
            (whole, fraction) =
                (whole + fraction.PadRight(shift, '0')[..shift], fraction.Length > shift ? fraction[shift..] : "");
        }
        else if (shift < 0)
        {
            (whole, fraction) =
                (whole.Length > -shift ? whole[..^-shift] : "0", whole.PadLeft(-shift, '0')[^-shift..] + fraction);
        }
        whole = whole.TrimStart('0');
        fraction = fraction.TrimEnd('0');
        if (whole.Length + fraction.Length > MaxDigits)
            throw new FormatException($"{number} has too many digits");
        return (negative && (whole.Length > 0 || fraction.Length > 0), whole.Length == 0 ? "0" : whole, fraction);
    }

    private static (Phase Phase, bool Negative, int At, int Order)? Step(
        (Phase Phase, bool Negative, int At, int Order) state, char c, string whole, string fraction)
    {
        if (Next(state.Phase, c) is not { } phase)
            return null;
        if (c == '-')
            return (phase, true, 0, 0);
        if (c == '.')
            return (phase, state.Negative, 0, AfterWhole(state.At, state.Order, whole));
        string digits = phase == Phase.Fraction ? fraction : whole;
        int order = state.Order;
        if (state.At < digits.Length && order == 0)
            order = c.CompareTo(digits[state.At]);
        else if (phase == Phase.Fraction && order == 0 && c != '0')
            order = 1;
        return (phase, state.Negative, Math.Min(state.At + 1, digits.Length + 1), Math.Sign(order));
    }

    /// <summary>Which whole part is larger: the longer one, or the first digit that differs.</summary>
    private static int AfterWhole(int digits, int order, string whole) =>
        digits == whole.Length ? order : digits < whole.Length ? -1 : 1;

    private static Phase? Next(Phase phase, char c) => (phase, c) switch
    {
        (Phase.Start, '-') => Phase.Sign,
        (Phase.Start or Phase.Sign, '0') => Phase.Zero,
        (Phase.Start or Phase.Sign, >= '1' and <= '9') => Phase.Whole,
        (Phase.Whole, >= '0' and <= '9') => Phase.Whole,
        (Phase.Zero or Phase.Whole, '.') => Phase.Point,
        (Phase.Point or Phase.Fraction, >= '0' and <= '9') => Phase.Fraction,
        _ => null,
    };
}
