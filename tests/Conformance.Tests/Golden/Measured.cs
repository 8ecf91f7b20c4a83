using System.Globalization;

namespace Seriatim.Conformance.Tests;

/// <summary>Writes measured errors to the file named by $SERIATIM_MEASURED, one line each, for reports.</summary>
internal static class Measured
{
    private static readonly string? File = Environment.GetEnvironmentVariable("SERIATIM_MEASURED");

    public static void Note(string what, double error)
    {
        if (File is { Length: > 0 })
            System.IO.File.AppendAllText(File, string.Create(CultureInfo.InvariantCulture, $"{what}\t{error:G4}\n"));
    }
}
