using System.Globalization;

namespace Seriatim.Web.Texts;

/// <summary>Numbers as people read them.</summary>
internal static class Numbers
{
    /// <summary>Bytes in a unit that leaves few digits.</summary>
    public static string Bytes(double bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        int unit = 0;
        for (; bytes >= 1000 && unit < units.Length - 1; unit++)
            bytes /= 1000;
        return string.Create(CultureInfo.InvariantCulture,
            $"{(bytes >= 100 || unit == 0 ? $"{bytes:F0}" : $"{bytes:F1}")} {units[unit]}");
    }

    /// <summary>Three digits that count.</summary>
    public static string Short(double number) => number switch
    {
        0 => "0",
        >= 100 => number.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => number.ToString("F1", CultureInfo.InvariantCulture),
        _ => number.ToString("F2", CultureInfo.InvariantCulture),
    };

    /// <summary>A whole number.</summary>
    public static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A part of a whole.</summary>
    public static string Percent(double part, double whole) =>
        whole > 0 ? (part / whole).ToString("P0", CultureInfo.InvariantCulture) : "–";
}
