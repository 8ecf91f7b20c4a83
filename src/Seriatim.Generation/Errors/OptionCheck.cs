namespace Seriatim.Generation;

/// <summary>Refuses option values with their name, value and allowed range. NaN is never inside a range.</summary>
internal static class OptionCheck
{
    public static void AtLeast(string option, int value, int least)
    {
        if (value < least)
            throw new InvalidOptionException(option, value, $"{least} or more is allowed");
    }

    public static void Between(string option, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
            throw new InvalidOptionException(option, value, FormattableString.Invariant($"{least} to {most} is allowed"));
    }

    public static void Fraction(string option, double value)
    {
        if (!(value > 0 && value <= 1))
            throw new InvalidOptionException(option, value, "above 0 and up to 1 is allowed");
    }

    public static void Positive(string option, double value)
    {
        if (!(value > 0 && double.IsFinite(value)))
            throw new InvalidOptionException(option, value, "a finite number above 0 is allowed");
    }

    public static void NotNegative(string option, double value)
    {
        if (!(value >= 0 && double.IsFinite(value)))
            throw new InvalidOptionException(option, value, "a finite number, 0 or more, is allowed");
    }

    public static void Token(string option, int id, int vocabulary)
    {
        if ((uint)id >= (uint)vocabulary)
            throw new InvalidOptionException(option, id, $"token ids 0 to {vocabulary - 1} are allowed");
    }

    public static void Tokens(string option, IEnumerable<int> ids, int vocabulary)
    {
        foreach (int id in ids)
            Token(option, id, vocabulary);
    }

    public static void Contradiction(bool contradicts, string option, object? value, string other)
    {
        if (contradicts)
            throw new InvalidOptionException(option, value, other);
    }
}
