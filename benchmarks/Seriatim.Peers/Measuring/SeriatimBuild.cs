using System.Reflection;

namespace Seriatim.Peers;

/// <summary>Which build of this project runs.</summary>
internal static class SeriatimBuild
{
    public static string Version { get; } =
        typeof(LanguageModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion is { } text
            ? Short(text)
            : "unknown";

    /// <summary>Of a version with a commit behind a plus sign, some digits of the commit.</summary>
    private static string Short(string text) => text.IndexOf('+') is var plus && plus > 0 && text.Length > plus + 11 ? text[..(plus + 11)] : text;
}
