namespace Seriatim.Training.Tests;

/// <summary>The shared material beside the repository, read-only.</summary>
internal static class Shared
{
    /// <summary>Full path of ../shared; null where it is missing.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>The folder with Seriatim.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    public static string Path(params string[] parts) => System.IO.Path.Combine([Folder!, .. parts]);

    private static string FindRepository()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "Seriatim.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException("No folder above the tests holds Seriatim.slnx.");
        return folder.FullName;
    }

    private static string? Find()
    {
        string shared = System.IO.Path.GetFullPath(System.IO.Path.Combine(FindRepository(), "..", "shared"));
        return Directory.Exists(shared) ? shared : null;
    }
}

/// <summary>A fact that needs ../shared; a visible skip without it.</summary>
internal sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute()
    {
        if (Shared.Folder is null)
            Skip = "../shared is missing";
    }
}

/// <summary>A theory that needs ../shared; a visible skip without it.</summary>
internal sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute()
    {
        if (Shared.Folder is null)
            Skip = "../shared is missing";
    }
}
