namespace Seriatim.Tokenizers.Tests;

/// <summary>Finds the repository and the shared material beside it.</summary>
internal static class Shared
{
    /// <summary>The folder with Seriatim.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder <c>../shared</c>.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    /// <summary>Why tests of shared material are skipped, or null.</summary>
    public static string? Missing { get; } = Directory.Exists(Root) ? null : "../shared is missing: see CONTRIBUTING.md";

    /// <summary>A path under ../shared.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRepository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Seriatim.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Seriatim.slnx was not found above " + AppContext.BaseDirectory);
    }
}
