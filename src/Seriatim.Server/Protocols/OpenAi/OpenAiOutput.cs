namespace Seriatim.Server;

/// <summary>What an answer of OpenAI's API is to hold beside the text.</summary>
internal sealed class OpenAiOutput
{
    public bool Streams { get; set; }

    public bool IncludesUsage { get; set; }

    public bool ShowsIds { get; set; }
}
