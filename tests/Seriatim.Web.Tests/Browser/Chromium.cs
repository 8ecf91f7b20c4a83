using System.Reflection;

namespace Seriatim.Web.Tests;

/// <summary>
/// The browser of this machine (Debian's package is called chromium), and axe-core, which the build asks npm for.
/// </summary>
internal static class Chromium
{
    /// <summary>Where the browser is; null: nowhere. <c>SERIATIM_CHROMIUM</c> names another one.</summary>
    public static string? Path { get; } = Environment.GetEnvironmentVariable("SERIATIM_CHROMIUM") is { Length: > 0 } named
        ? named
        : (from name in (string[])["chromium", "chromium-browser", "google-chrome"]
           from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
           let file = System.IO.Path.Combine(folder, name)
           where File.Exists(file)
           select file).FirstOrDefault();

    /// <summary>The script that looks for what people with other senses and hands cannot use.</summary>
    public static string Axe { get; } = System.IO.Path.Combine(typeof(Chromium).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == "NodeFolder").Value!,
        "node_modules", "axe-core", "axe.min.js");

    /// <summary>Why there are no tests in a browser; null: there are.</summary>
    public static string? Missing { get; } = Path is null ? "there is no chromium on this machine (apt install chromium)"
        : File.Exists(Axe) ? null : "the build had no node or no registry of npm, so axe-core is not there";
}
