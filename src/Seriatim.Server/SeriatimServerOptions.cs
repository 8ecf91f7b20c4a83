using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>What the server offers, to whom, and how much of it.</summary>
public sealed class SeriatimServerOptions
{
    /// <summary>The models, by name.</summary>
    public IList<ServedModelOptions> Models { get; } = [];

    /// <summary>A folder whose model folders and GGUF files are offered too, each by its name; null: none.</summary>
    public string? ModelsFolder { get; set; }

    /// <summary>Whether the built-in models are offered too.</summary>
    public bool BuiltInModels { get; set; }

    /// <summary>How models of the folder and built-in ones are opened.</summary>
    public LanguageModelOptions ModelOptions { get; set; } = new();

    /// <summary>Threads, memory and how long models stay loaded; logger and meter are the container's unless given.</summary>
    public EngineHostOptions Host { get; set; } = new();

    /// <summary>The keys; none: nobody needs one.</summary>
    public IList<ApiKeyOptions> ApiKeys { get; } = [];

    /// <summary>What each client may use whose key does not say it; without keys: all of them together.</summary>
    public ClientLimits Limits { get; set; } = new();

    /// <summary>Most bytes of a request's body; a larger one is refused with 413.</summary>
    public long MaxBodyBytes { get; set; } = 32L << 20;

    /// <summary>The deepest nesting of a request's JSON.</summary>
    public int MaxJsonDepth { get; set; } = 64;

    /// <summary>Most choices (<c>n</c>, <c>best_of</c>) and prompts of one request, multiplied.</summary>
    public int MaxChoices { get; set; } = 128;

    /// <summary>The longest a request may take; then it ends with what it has. Null: no limit.</summary>
    public TimeSpan? RequestTimeout { get; set; }

    /// <summary>After how long without a token a stream sends a comment, so that nobody in between closes it.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a client may take nothing of what waits for it, before its request is cancelled.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Tokens of a stream that may wait for its client. A request with more is set aside, so that nobody waits with it, until
    /// they are taken.
    /// </summary>
    public int MaxUnreadTokens { get; set; } = 512;

    /// <summary>How many requests are remembered for <c>/v1/requests</c>; 0: none.</summary>
    public int RememberedRequests { get; set; } = 1000;

    /// <summary>
    /// Whether a remembered request keeps its prompt's token ids, in memory alone, so that it can be repeated by its id.
    /// </summary>
    public bool RemembersPrompts { get; set; } = true;

    /// <summary>How many responses of <c>/v1/responses</c> are kept in memory, to be got and gone on from.</summary>
    public int RememberedResponses { get; set; } = 1000;

    /// <summary>
    /// About how many bytes the responses that are kept may hold together; those used longest ago are forgotten first.
    /// </summary>
    public long RememberedResponseBytes { get; set; } = 256L << 20;

    /// <summary>
    /// Whether <c>/api/pull</c> fetches models from the hub: whoever may ask the server may then fill its disk. Not unless it is
    /// said.
    /// </summary>
    public bool AllowsPulling { get; set; }

    /// <summary>Whether prompts and answers are logged. Nobody else's words are written down unless it is asked for.</summary>
    public bool LogsPrompts { get; set; }

    internal void Check()
    {
        Limits.Check("the server");
        foreach (ApiKeyOptions key in ApiKeys)
        {
            if (key.Key.Length == 0 || key.Key.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
                throw new ServerConfigurationException("An API key is empty or has spaces in it; give one without.");
            key.Limits?.Check($"the key {key.Name}");
        }

        AtLeast(nameof(MaxBodyBytes), MaxBodyBytes, 1);
        AtLeast(nameof(MaxJsonDepth), MaxJsonDepth, 2);
        AtLeast(nameof(MaxChoices), MaxChoices, 1);
        AtLeast(nameof(MaxUnreadTokens), MaxUnreadTokens, 2);
        AtLeast(nameof(RememberedRequests), RememberedRequests, 0);
        AtLeast(nameof(RememberedResponses), RememberedResponses, 0);
        AtLeast(nameof(RememberedResponseBytes), RememberedResponseBytes, 0);
        Positive(nameof(RequestTimeout), RequestTimeout ?? TimeSpan.MaxValue);
        Positive(nameof(Heartbeat), Heartbeat);
        Positive(nameof(StallTimeout), StallTimeout);
    }

    private static void AtLeast(string name, long value, long least)
    {
        if (value < least)
            throw new ServerConfigurationException($"{name} is {value}; {least} or more is allowed.");
    }

    private static void Positive(string name, TimeSpan value)
    {
        if (value <= TimeSpan.Zero)
            throw new ServerConfigurationException($"{name} is {value}; a time above zero is allowed.");
    }
}
