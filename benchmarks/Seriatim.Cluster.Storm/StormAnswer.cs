using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Cluster.Storm;

/// <summary>What a client has of an answer.</summary>
internal sealed partial class StormAnswer
{
    private readonly List<string> _events = [];
    private readonly HashSet<string> _ids = [];

    /// <summary>The last id of an event; null: there is none.</summary>
    public string? LastId { get; private set; }

    /// <summary>Events with an id that has come before.</summary>
    public int Twice { get; private set; }

    public int Events => _events.Count;

    /// <summary>Takes an event.</summary>
    public void Add(string? id, string data)
    {
        _events.Add(data);
        if (id is null)
            return;
        LastId = id;
        if (!_ids.Add(id))
            Twice++;
    }

    /// <summary>Begins anew: the request is asked once more, as nothing of it was kept.</summary>
    public void Clear()
    {
        _events.Clear();
        _ids.Clear();
        LastId = null;
    }

    /// <summary>
    /// A hash of all that came, without what every request has of its own: ids, times, and how much was cached where it ran. Of
    /// several choices which comes next is a matter of load, so each is taken by itself.
    /// </summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text())));

    /// <summary>What is hashed.</summary>
    public string Text() => string.Join('\n', _events.Select(one => Own().Replace(one, ""))
        .OrderBy(one => Choice().Match(one) is { Success: true } choice ? choice.Value : ""));

    [GeneratedRegex("""
        "choices":\[\{"index":\d+
        """)]
    private static partial Regex Choice();

    [GeneratedRegex("""
        "timings":\{[^}]*\}|"(id|item_id|created|\w+_at|cached_tokens|\w*input_tokens|\w+_duration)":("[^"]*"|\d+)
        """)]
    private static partial Regex Own();
}
