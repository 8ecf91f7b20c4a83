namespace Seriatim.Shared;

/// <summary>
/// A part of a page that is made from code: it stands between two comments of Markdown, <c>made: name</c> and <c>made: end</c>.
/// </summary>
internal static class MadeTable
{
    /// <summary>Compares the part of a page with what it has to be, which the failure shows in full.</summary>
    /// <param name="page">The page, from the repository's root.</param>
    /// <param name="name">Name of the part.</param>
    /// <param name="lines">What it has to be.</param>
    public static void Check(string page, string name, IEnumerable<string> lines)
    {
        string[] text = File.ReadAllLines(Path.Combine(Root, page)), made = [.. lines];
        int first = Array.IndexOf(text, $"<!-- made: {name} -->") + 1;
        Assert.True(first > 0, $"{page} has no line '<!-- made: {name} -->'.");
        int end = Array.IndexOf(text, "<!-- made: end -->", first);
        Assert.True(end > 0, $"{page} has no line '<!-- made: end -->' after '<!-- made: {name} -->'.");
        Assert.True(text[first..end].SequenceEqual(made), $"{page} differs from the code. Between '<!-- made: {name} -->' and "
            + $"'<!-- made: end -->' belongs:{Environment.NewLine}{string.Join(Environment.NewLine, made)}");
    }

    private static string Root
    {
        get
        {
            string? folder = AppContext.BaseDirectory;
            while (folder is not null && !File.Exists(Path.Combine(folder, "Seriatim.slnx")))
                folder = Path.GetDirectoryName(folder);
            return folder ?? throw new InvalidOperationException("The tests do not run inside a clone of the repository.");
        }
    }
}
