namespace Seriatim;

/// <summary>
/// Where models come from and where they are kept. What is null is taken from the environment, as by the Hugging Face libraries.
/// </summary>
public sealed record ModelHubOptions
{
    /// <summary>
    /// Folder of the cache; null: <c>HF_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>, or <c>~/.cache/huggingface/hub</c>.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>The hub; null: <c>HF_ENDPOINT</c>, or <c>https://huggingface.co</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// Access token, sent to the hub and to nobody it forwards to; null: <c>HF_TOKEN</c>, else the file that <c>hf auth login</c>
    /// writes (<c>HF_TOKEN_PATH</c>, <c>token</c> in <c>HF_HOME</c>, <c>~/.cache/huggingface/token</c>).
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Use the cache alone; null: <c>HF_HUB_OFFLINE</c> (1, ON, YES or TRUE).</summary>
    public bool? Offline { get; init; }

    /// <summary>How often a broken connection is taken up again, each time from where it broke.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>
    /// How often a request is sent again that the hub answers with 408, 429 or 5xx, after the pause it asks for or a growing one.
    /// </summary>
    public int Retries { get; init; } = 5;

    /// <summary>Longest pause that is waited for; a hub that asks for a longer one ends the download.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Most time without a byte before a connection counts as broken.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For tests: free bytes of the disk of a folder.</summary>
    internal Func<string, long> FreeSpace { get; init; } = folder => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>For tests: the clock of pauses.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>For tests: the environment.</summary>
    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    internal string Home => System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);

    internal string Cache => CacheFolder ?? Variable("HF_HUB_CACHE") ?? Path.Combine(HubHome, "hub");

    internal bool IsOffline => Offline ?? Variable("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    internal string? BearerToken => Token ?? Variable("HF_TOKEN")?.Trim() ?? FileToken();

    internal Uri Base => Endpoint ?? (Variable("HF_ENDPOINT") is not { } text ? new Uri("https://huggingface.co")
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri
        : throw new InvalidModelNameException($"HF_ENDPOINT is {text}; an address such as https://huggingface.co is needed."));

    private string HubHome =>
        Variable("HF_HOME") ?? Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(Home, ".cache"), "huggingface");

    internal string? Variable(string name) => Environment(name) is { Length: > 0 } value ? value : null;

    private string? FileToken()
    {
        string path = Variable("HF_TOKEN_PATH") ?? Path.Combine(HubHome, "token");
        try
        {
            return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DownloadException(
                $"{path}: the token of `hf auth login` cannot be read ({failure.Message}). Make it readable, or set HF_TOKEN.",
                failure);
        }
    }
}
