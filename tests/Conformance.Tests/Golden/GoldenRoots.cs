namespace Seriatim.Conformance.Tests;

/// <summary>Where golden data lie: the copy in tests/golden, ../shared/golden beside the repository, and $SERIATIM_GOLDEN.</summary>
internal static class GoldenRoots
{
    public const string Variable = "SERIATIM_GOLDEN";

    /// <summary>The folder with Seriatim.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>../shared; it may not exist.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    public static string SharedGolden => Path.Combine(Shared, "golden");

    public static string Local => Path.Combine(Repository, "tests", "golden");

    public static string? Second { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Why a root is not there; null if it is.</summary>
    public static string? Missing(string root) => Directory.Exists(root) ? null : $"{root} does not exist";

    private static string FindRepository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Seriatim.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Seriatim.slnx.");
    }
}
