namespace Seriatim.Server.Tests;

/// <summary>A test that needs curl and bash; skipped by name without.</summary>
public sealed class CurlFactAttribute : FactAttribute
{
    public CurlFactAttribute()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        foreach (string program in new[] { "curl", "bash" })
        {
            if (!folders.Any(folder =>
                File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, $"{program}.exe"))))
                Skip = $"There is no {program} on this machine.";
        }
    }
}
