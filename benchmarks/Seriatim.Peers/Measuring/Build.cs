using System.Reflection;

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
}
