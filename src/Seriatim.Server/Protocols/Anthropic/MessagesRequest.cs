namespace Seriatim.Server;

/// <summary>A request to <c>/v1/messages</c>.</summary>
internal sealed class MessagesRequest
{
    public ChatJob Job { get; } = new();

    public bool Streams { get; set; }

    /// <summary>The texts that stop an answer, to tell which did.</summary>
    public IReadOnlyList<string> Stops { get; set; } = [];
}
