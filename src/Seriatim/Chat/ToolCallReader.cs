using System.Text;
using System.Text.Json;

namespace Seriatim;

/// <summary>
/// Takes the calls of tools out of an answer as it comes: JSON with <c>name</c> and <c>arguments</c> between
/// <c>&lt;tool_call&gt;</c> and <c>&lt;/tool_call&gt;</c>, the form of Hermes, Qwen and many others. All else is text, also a
/// block that holds no call: nothing of an answer is lost.
/// </summary>
/// <param name="prefix">What the numbers of the calls begin with.</param>
internal sealed class ToolCallReader(string prefix)
{
    /// <summary>Begins a call.</summary>
    public const string Open = "<tool_call>";

    /// <summary>Ends a call.</summary>
    public const string Close = "</tool_call>";

    private readonly StringBuilder _held = new();
    private readonly List<ToolCall> _calls = [];
    private bool _inside;

    /// <summary>The calls so far.</summary>
    public IReadOnlyList<ToolCall> Calls => _calls;

    /// <summary>Takes more of the answer.</summary>
    /// <returns>What is certain to be text.</returns>
    public string Push(string text)
    {
        _held.Append(text);
        var certain = new StringBuilder();
        for (string held = $"{_held}"; ; held = $"{_held}")
        {
            string mark = _inside ? Close : Open;
            int at = held.IndexOf(mark, StringComparison.Ordinal);
            if (at < 0)
            {
                int free = _inside ? 0 : held.Length - Beginning(held, mark);
                certain.Append(held, 0, free);
                _held.Remove(0, free);
                return $"{certain}";
            }

            _held.Remove(0, at + mark.Length);
            if (!_inside)
                certain.Append(held, 0, at);
            else if (!TryRead(held[..at]))
                certain.Append(Open).Append(held, 0, at).Append(Close);
            _inside = !_inside;
        }
    }

    /// <summary>The answer has ended.</summary>
    /// <param name="closes">Whether what ended it was the end of a call.</param>
    /// <returns>What of the rest is text: all that is no call.</returns>
    public string Flush(bool closes)
    {
        string held = $"{_held}";
        _held.Clear();
        bool inside = _inside;
        _inside = false;
        return !inside ? held : closes && TryRead(held) ? "" : Open + held;
    }

    /// <summary>Length of the longest beginning of a mark that a text ends with.</summary>
    private static int Beginning(string text, string mark)
    {
        for (int length = Math.Min(text.Length, mark.Length - 1); length > 0; length--)
        {
            if (text.EndsWith(mark[..length], StringComparison.Ordinal))
                return length;
        }

        return 0;
    }

    private bool TryRead(string body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body.Trim());
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String)
            {
                return false;
            }

            JsonElement arguments = json.RootElement.TryGetProperty("arguments", out JsonElement own)
                || json.RootElement.TryGetProperty("parameters", out own) ? own.Clone() : JsonElement.Parse("{}");
            if (arguments.ValueKind == JsonValueKind.String)
                arguments = JsonElement.Parse(arguments.GetString()!);
            if (arguments.ValueKind != JsonValueKind.Object)
                return false;
            _calls.Add(new ToolCall { Id = $"{prefix}_{_calls.Count}", Name = name.GetString()!, Arguments = arguments });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
