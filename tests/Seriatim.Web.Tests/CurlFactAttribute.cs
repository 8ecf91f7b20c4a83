namespace Seriatim.Web.Tests;

/// <summary>A test that needs bash and curl; skipped by name without.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CurlFactAttribute : FactAttribute
{
    public CurlFactAttribute() => Skip = ((string[])["bash", "curl"]).FirstOrDefault(program =>
        !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)))) is { } missing
            ? $"there is no {missing} on this machine" : null;
}
