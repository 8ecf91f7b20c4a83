namespace Seriatim.Tests;

/// <summary>Where this clone is.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Shared => Path.Combine(Root, "..", "shared");

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Seriatim.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not run inside a clone of the repository.");
    }
}
