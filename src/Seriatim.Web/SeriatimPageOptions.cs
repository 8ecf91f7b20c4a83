namespace Seriatim.Web;

/// <summary>How the page works.</summary>
public sealed class SeriatimPageOptions
{
    /// <summary>
    /// Where the server's API is, as the page's own program reaches it; null: at the first address that the program listens at.
    /// </summary>
    public Uri? ApiAddress { get; set; }

    /// <summary>How many conversations are remembered, of all browsers together; those used longest ago are forgotten first.</summary>
    public int RememberedConversations { get; set; } = 1000;

    /// <summary>About how many bytes they may hold together.</summary>
    public long RememberedConversationBytes { get; set; } = 128L << 20;
}
