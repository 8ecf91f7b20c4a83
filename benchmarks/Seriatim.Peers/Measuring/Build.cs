using System.Reflection;
using System.Text.Json;

namespace Seriatim.Peers;

/// <summary>Which build of a library runs.</summary>
internal static class Build
{
    /// <summary>Of this project.</summary>
    public static string Seriatim { get; } = Of(typeof(LanguageModel).Assembly);

    /// <summary>What its maker wrote into it, with some digits of the commit if there is one.</summary>
    public static string Of(Assembly library)
    {
        string text = library.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? library.GetName().Version?.ToString() ?? "unknown";
        return text.IndexOf('+') is var plus && plus > 0 && text.Length > plus + 11 ? text[..(plus + 11)] : text;
    }

    /// <summary>Of a package that this program was built with: some write no version into their libraries.</summary>
    public static string OfPackage(string package)
    {
        string file = Path.Combine(AppContext.BaseDirectory, $"{typeof(Build).Assembly.GetName().Name}.deps.json");
        if (!File.Exists(file))
            return "unknown";
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return document.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name)
            .FirstOrDefault(name => name.StartsWith(package + "/", StringComparison.Ordinal))?[(package.Length + 1)..] ?? "unknown";
    }
}
