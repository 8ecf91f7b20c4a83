using System.Globalization;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// Finds the cases by listing folders: one that has a config and expected numbers is a case, whatever it is called. A folder added later is
/// tested without a change here.
/// </summary>
internal static class GoldenCases
{
    private static readonly Dictionary<string, GoldenCase> Cases = Find();

    public static IReadOnlyCollection<GoldenCase> All => Cases.Values;

    public static GoldenCase Get(string name) => Cases[name];

    /// <summary>Why a row of theory data is skipped; the first argument is the name of a case, or of what is missing.</summary>
    public static string? SkipReason(string name) =>
        Cases.TryGetValue(name, out GoldenCase? found) ? found.SkipReason() : name;

    /// <summary>
    /// Rows (case, ops) of the cases that have what a test needs; cases that cannot be tested appear once, to be skipped.
    /// </summary>
    public static IEnumerable<object[]> Rows(Func<GoldenCase, bool> wanted)
    {
        foreach (GoldenCase c in Cases.Values.Where(wanted))
        {
            foreach (string ops in c.SkipReason() is null ? OpsUnderTest.Names : ["none"])
                yield return [c.Name, ops];
        }

        if (GoldenRoots.Missing(GoldenRoots.SharedGolden) is { } missing)
            yield return [$"{missing}: the copies in tests/golden are used, other cases are not tested", "none"];
        if (GoldenRoots.Second is { } second && GoldenRoots.Missing(second) is { } missingSecond)
            yield return [missingSecond, "none"];
    }

    private static Dictionary<string, GoldenCase> Find()
    {
        var cases = new Dictionary<string, GoldenCase>();
        Add(cases, GoldenRoots.First, "");
        if (GoldenRoots.Second is { } second)
            Add(cases, second, "second:");
        return cases;
    }

    private static void Add(Dictionary<string, GoldenCase> cases, string root, string prefix)
    {
        if (!Directory.Exists(root))
            return;
        Dictionary<string, float> tolerances = Tolerances(Path.Combine(root, "README.md"));
        foreach (string folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            string name = prefix + Path.GetFileName(folder);
            var found = new GoldenCase(name, folder, tolerances.GetValueOrDefault(Path.GetFileName(folder), 1e-4f));
            if (found.IsModel)
                cases.Add(name, found);
        }
    }

    /// <summary>Column "atol" of the table of cases.</summary>
    internal static Dictionary<string, float> Tolerances(string readme)
    {
        var tolerances = new Dictionary<string, float>();
        if (!File.Exists(readme))
            return tolerances;
        int column = -1;
        foreach (string line in File.ReadLines(readme))
        {
            string[] cells = [.. line.Split('|').Select(cell => cell.Trim())];
            if (cells.Length < 3)
                column = -1;
            else if (Array.IndexOf(cells, "atol") is var found and > 0)
                column = found;
            else if (column > 0 && column < cells.Length
                && float.TryParse(cells[column], CultureInfo.InvariantCulture, out float value))
                tolerances[cells[1]] = value;
        }

        return tolerances;
    }
}
