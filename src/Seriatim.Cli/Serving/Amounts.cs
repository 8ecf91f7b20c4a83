using System.Globalization;

namespace Seriatim.Cli;

/// <summary>Times and sizes as users of servers write them: <c>5m</c>, <c>8g</c>.</summary>
internal static class Amounts
{
    /// <summary>A time: seconds, or a number with s, m, h; -1: for ever.</summary>
    /// <param name="what">The flag.</param>
    /// <param name="text">What it is given.</param>
    /// <param name="most">The longest time but for ever; null: any.</param>
    public static TimeSpan Time(string what, string text, TimeSpan? most = null)
    {
        if (text is "-1")
            return Timeout.InfiniteTimeSpan;
        double unit = text.Length == 0 ? double.NaN : text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => char.IsAsciiDigit(text[^1]) ? 1 : double.NaN,
        };
        string digits = text.TrimEnd('s', 'm', 'h');
        bool isNumber = digits.Length >= text.Length - 1 && double.TryParse(digits, NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out double number) && number * unit <= TimeSpan.MaxValue.TotalSeconds / 2;
        if (!isNumber || double.IsNaN(unit))
            throw new UsageException($"{what} is {UsageReport.Shown(text)}; a time is needed: 300, 5m, 1h, 0, or -1 for ever.");
        var time = TimeSpan.FromSeconds(double.Parse(digits, CultureInfo.InvariantCulture) * unit);
        return time <= (most ?? TimeSpan.MaxValue) ? time : throw new UsageException(
            $"{what} is {UsageReport.Shown(text)}; {most!.Value.TotalHours:0}h are the most, or -1 for ever.");
    }

    /// <summary>A number of bytes, with k, m, g or t for powers of 1024.</summary>
    public static long Bytes(string what, string text)
    {
        int power = text.Length == 0 ? -1 : "kmgt".IndexOf(char.ToLowerInvariant(text[^1]));
        string digits = power < 0 ? text : text[..^1];
        if (double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * Math.Pow(1024, power + 1) is >= 1 and < long.MaxValue / 2 and var bytes)
        {
            return (long)bytes;
        }

        throw new UsageException($"{what} is {UsageReport.Shown(text)}; a number of bytes is needed: 8g, 512m, 1000000.");
    }
}
