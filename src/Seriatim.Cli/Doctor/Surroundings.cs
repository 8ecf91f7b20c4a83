using System.Runtime;
using System.Runtime.CompilerServices;

namespace Seriatim.Cli;

/// <summary>Settings, variables and folders that change what the program does.</summary>
internal static class Surroundings
{
    private static readonly string[] Known =
    [
        "HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_TOKEN", "HF_TOKEN_PATH", "NO_COLOR", "TERM",
        "XDG_STATE_HOME", "OLLAMA_MODELS", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY",
    ];

    private static readonly string[] Prefixes = ["SERIATIM_", "DOTNET_TieredCompilation", "DOTNET_TieredPGO", "DOTNET_TC_",
        "DOTNET_ReadyToRun", "DOTNET_Enable", "DOTNET_GC", "DOTNET_PROCESSOR_COUNT"];

    /// <summary>What the runtime was told about compiling and collecting.</summary>
    public static IReadOnlyDictionary<string, string> RuntimeSettings()
    {
        var settings = new Dictionary<string, string>();
        if (RuntimeFeature.IsDynamicCodeCompiled)
        {
            settings["tiered compilation"] = Switch("System.Runtime.TieredCompilation", "DOTNET_TieredCompilation", usual: true);
            settings["loops in the quick tier"] = Switch("System.Runtime.TieredCompilation.QuickJitForLoops",
                "DOTNET_TC_QuickJitForLoops", usual: true);
            settings["profile-guided"] = Switch("System.Runtime.TieredPGO", "DOTNET_TieredPGO", usual: true);
        }

        settings["collector"] = GCSettings.IsServerGC ? "server" : "workstation";
        return settings;
    }

    /// <summary>Variables that are set; secrets are only said to be there.</summary>
    public static IReadOnlyDictionary<string, string> Variables()
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            (string name, string value) = ($"{entry.Key}", $"{entry.Value}");
            if (value.Length > 0
                && (Known.Contains(name) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))))
            {
                found[name] = name == "HF_TOKEN" ? "(set)" : WithoutPassword(value);
            }
        }

        return found;
    }

    /// <summary>
    /// Whether the hub would get an access token: by a variable, or by the file that <c>hf auth login</c> writes.
    /// </summary>
    public static bool HasToken()
    {
        if (Environment.GetEnvironmentVariable("HF_TOKEN") is { Length: > 0 })
            return true;
        string home = Environment.GetEnvironmentVariable("HF_HOME") is { Length: > 0 } set ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface");
        string file = Environment.GetEnvironmentVariable("HF_TOKEN_PATH") is { Length: > 0 } path
            ? path
            : Path.Combine(home, "token");
        return new FileInfo(file) is { Exists: true, Length: > 0 };
    }

    /// <summary>Room on the disk of a folder, or of the nearest one above it that is there.</summary>
    public static long? FreeSpace(string folder)
    {
        for (string? near = Path.GetFullPath(folder); near is not null; near = Path.GetDirectoryName(near))
        {
            if (!Directory.Exists(near))
                continue;
            try
            {
                return new DriveInfo(near).AvailableFreeSpace;
            }
            catch (Exception failure) when (failure is IOException or ArgumentException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        return null;
    }

    private static string Switch(string key, string variable, bool usual)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text)
            return text.TrimStart('0') is "" ? "off" : "on";
        return AppContext.TryGetSwitch(key, out bool on) ? (on ? "on" : "off") : usual ? "on" : "off";
    }

    /// <summary>Proxies may carry a password: user:password@host.</summary>
    private static string WithoutPassword(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.UserInfo.Length > 0
            ? value.Replace(uri.UserInfo, "...", StringComparison.Ordinal) : value;
}
