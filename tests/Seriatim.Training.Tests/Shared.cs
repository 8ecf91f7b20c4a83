namespace Seriatim.Training.Tests;

/// <summary>The shared material beside the repository, read-only.</summary>
internal static class Shared
{
    /// <summary>Full path of ../shared; null where it is missing.</summary>
    public static string? Folder { get; } = Find();

    public static string Path(params string[] parts) => System.IO.Path.Combine([Folder!, .. parts]);

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(System.IO.Path.Combine(folder.FullName, "Seriatim.slnx")))
                continue;
            string shared = System.IO.Path.Combine(folder.Parent?.FullName ?? folder.FullName, "shared");
            return Directory.Exists(shared) ? shared : null;
        }

        return null;
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
