using System.Globalization;
using Seriatim.Inspection;

namespace Seriatim.Web.Microscope;

/// <summary>How values and tokens are written.</summary>
internal static class Shown
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <summary>Short, to be read.</summary>
    public static string Short(double value) =>
        value.ToString(Math.Abs(value) is >= 1000 or (< 0.001 and > 0) ? "0.##E+0" : "0.###", Plain);

    /// <summary>All of it: who reads it back has the same bits.</summary>
    public static string Exact(float value) => value.ToString("R", Plain);

    /// <summary>All of it.</summary>
    public static string Exact(double value) => value.ToString("R", Plain);

    /// <summary>A share.</summary>
    public static string Percent(double value) =>
        value is < 0.0005 and > 0 ? "< 0.1 %" : (value * 100).ToString("0.#", Plain) + " %";

    /// <summary>A token: white space is made visible.</summary>
    public static string Token(TextToken token) => Token(token.Text.Length > 0 ? token.Text : token.Piece);

    /// <summary>A token's text with visible white space.</summary>
    public static string Token(string text)
    {
        string seen = text.Replace(" ", "␣", StringComparison.Ordinal).Replace("\n", "⏎", StringComparison.Ordinal)
            .Replace("\t", "⇥", StringComparison.Ordinal);
        return seen.Length == 0 ? "∅" : seen.Length > 24 ? seen[..23] + "…" : seen;
    }

    /// <summary>Bytes, two hexadecimal digits each.</summary>
    public static string Bytes(IReadOnlyList<byte> bytes) =>
        string.Join(' ', bytes.Select(one => one.ToString("x2", Plain)));

    /// <summary>A number of bytes.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1 << 20 => (bytes / 1048576.0).ToString("0.0", Plain) + " MiB",
        >= 1 << 10 => (bytes / 1024.0).ToString("0.0", Plain) + " KiB",
        _ => bytes.ToString(Plain) + " B",
    };

    /// <summary>A number that a style or a picture takes.</summary>
    public static string Number(double value) => value.ToString("0.####", Plain);
}
