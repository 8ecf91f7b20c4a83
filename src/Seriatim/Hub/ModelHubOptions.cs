namespace Seriatim;

/// <summary>Where models come from and where they are kept. What is null is taken from the environment, as by the Hugging Face libraries.</summary>
public sealed record ModelHubOptions
{
    /// <summary>Folder of the cache; null: <c>HF_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>, or <c>~/.cache/huggingface/hub</c>.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>The hub; null: <c>HF_ENDPOINT</c>, or <c>https://huggingface.co</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Access token, sent to the hub and to nobody it forwards to; null: <c>HF_TOKEN</c>, if set.</summary>
    public string? Token { get; init; }

    /// <summary>Use the cache alone; null: <c>HF_HUB_OFFLINE</c> (1, ON, YES or TRUE).</summary>
    public bool? Offline { get; init; }

    /// <summary>How often a broken connection is taken up again, each time from where it broke.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Most time without a byte before a connection counts as broken.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For tests: free bytes of the disk of a folder.</summary>
    internal Func<string, long> FreeSpace { get; init; } = folder => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    internal string Cache => CacheFolder ?? Variable("HF_HUB_CACHE") ?? Path.Combine(
        Variable("HF_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface"), "hub");

    internal bool IsOffline => Offline ?? Variable("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    internal string? BearerToken => Token ?? Variable("HF_TOKEN")?.Trim();

    internal Uri Base => Endpoint ?? (Variable("HF_ENDPOINT") is not { } text ? new Uri("https://huggingface.co")
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri
        : throw new InvalidModelNameException($"HF_ENDPOINT is {text}; an address such as https://huggingface.co is needed."));

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
