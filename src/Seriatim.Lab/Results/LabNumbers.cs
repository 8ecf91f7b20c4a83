using System.Globalization;

namespace Seriatim.Lab;

/// <summary>Numbers as people read them, the same in both languages.</summary>
internal static class LabNumbers
{
    /// <summary>A figure with its unit: four digits, thousands apart, bytes and rates with their usual letters.</summary>
    public static string Format(double value, string unit)
    {
        string number = Math.Abs(value) switch
        {
            0 => "0",
            >= 1e9 or < 1e-3 => value.ToString("0.###e+0", CultureInfo.InvariantCulture),
            >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
            _ => value.ToString("G4", CultureInfo.InvariantCulture),
        };
        return unit.Length == 0 ? number : unit == "%" ? $"{number} %" : $"{number} {unit}";
    }

    /// <summary>The bounds of a condition: <c>0.9 to 1.1</c>, <c>at least 2</c>, <c>exactly 1</c>.</summary>
    public static LabText Bounds(double low, double high)
    {
        string from = low.ToString("G4", CultureInfo.InvariantCulture), to = high.ToString("G4", CultureInfo.InvariantCulture);
        return (double.IsInfinity(low), double.IsInfinity(high)) switch
        {
            (true, true) => new("any", "任意"),
            (false, true) => new($"at least {from}", $"至少 {from}"),
            (true, false) => new($"at most {to}", $"至多 {to}"),
            _ => low == high ? new($"exactly {from}", $"恰为 {from}") : new($"{from} to {to}", $"{from} 至 {to}"),
        };
    }

    /// <summary>Seconds as people say them.</summary>
    public static string Seconds(double seconds) => seconds < 100
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:F1} min");
}
