namespace Seriatim.Training;

/// <summary>
/// Which of several names was probably meant. The command line compiles this file too: flags are misspelt as keys are.
/// </summary>
internal static class NearestName
{
    private const int MostEdits = 3;

    /// <summary>
    /// The name with the fewest edits from what was written, at most three, and at most
    /// half of the letters; null if there is none.
    /// </summary>
    public static string? Find(string written, IEnumerable<string> names) => names
        .Select(name => (Name: name, Distance: Distance(name, written)))
        .Where(pair => pair.Distance <= Math.Min(MostEdits, Math.Min(pair.Name.Length, written.Length) / 2))
        .OrderBy(pair => pair.Distance)
        .Select(pair => pair.Name)
        .FirstOrDefault();

    /// <summary>Edit distance: insertions, deletions and replacements (Levenshtein, 1966).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
