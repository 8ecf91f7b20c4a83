using System.Security.Cryptography;

namespace Seriatim.Web.Chat;

/// <summary>
/// The conversations, by the id that each browser keeps: nobody guesses 128 bits. Bounded in number and in bytes; those used
/// longest ago are forgotten first, and none that runs.
/// </summary>
internal sealed class ConversationStore(SeriatimPageOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<ChatConversation>> _browsers = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (_gate)
                return _browsers.Values.Sum(conversations => conversations.Count);
        }
    }

    /// <summary>An id that no browser has yet.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Whether something can be such an id.</summary>
    public static bool IsId(string? id) => id is { Length: 32 } && id.All(char.IsAsciiHexDigitLower);

    /// <summary>A browser's conversations, the one used last first.</summary>
    public IReadOnlyList<ChatConversation> Of(string browser)
    {
        lock (_gate)
        {
            return _browsers.TryGetValue(browser, out List<ChatConversation>? own)
                ? [.. own.OrderByDescending(one => one.Used)] : [];
        }

    }

    /// <summary>Begins one.</summary>
    public ChatConversation Begin(string browser)
    {
        var conversation = new ChatConversation(NewId());
        lock (_gate)
        {
            if (!_browsers.TryGetValue(browser, out List<ChatConversation>? own))
                _browsers[browser] = own = [];

            // One that nobody has said anything in is not kept beside a new one.
            own.RemoveAll(one => one.Path.Count == 0);
            own.Add(conversation);
        }

        Tidy(conversation);
        return conversation;
    }

    /// <summary>Whether a conversation has all the room there is for all of them.</summary>
    public bool IsFull(ChatConversation conversation) => conversation.Bytes > options.RememberedConversationBytes / 2;

    /// <summary>Forgets what there is no room for.</summary>
    /// <param name="newest">One that stays.</param>
    public void Tidy(ChatConversation newest)
    {
        lock (_gate)
        {
            (string Browser, ChatConversation ChatConversation, long Bytes)[] all = [.. _browsers.SelectMany(browser =>
                browser.Value.Select(one => (browser.Key, one, one.Bytes))).OrderByDescending(one => one.one.Used)];
            long bytes = 0;
            foreach ((int index, (string browser, ChatConversation conversation, long size)) in all.Index())
            {
                bytes += size;
                bool hasRoom = index < options.RememberedConversations && bytes <= options.RememberedConversationBytes;
                if (hasRoom || conversation == newest || conversation.IsRunning)
                    continue;
                _browsers[browser].Remove(conversation);
                if (_browsers[browser].Count == 0)
                    _browsers.Remove(browser);
            }
        }
    }
}
