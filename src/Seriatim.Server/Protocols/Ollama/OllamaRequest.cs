namespace Seriatim.Server;

/// <summary>A request to <c>/api/generate</c> or <c>/api/chat</c>.</summary>
internal sealed class OllamaRequest
{
    public ChatJob Chat { get; } = new();

    /// <summary>Whether it is a list of messages.</summary>
    public bool IsChat { get; set; }

    public string Prompt { get; set; } = "";

    public string? System { get; set; }

    /// <summary>Whether the prompt goes to the model as it is.</summary>
    public bool IsRaw { get; set; }

    public bool Streams { get; set; } = true;

    public OllamaKeepAlive KeepAlive { get; set; }

    /// <summary>The context that is asked for; null: the model's.</summary>
    public int? Context { get; set; }

    /// <summary>Whether it asks for nothing but that the model be opened, or closed.</summary>
    public bool IsEmpty => IsChat ? Chat.Messages.Count == 0 : Prompt.Length == 0;
}
