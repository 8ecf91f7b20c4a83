using System.Runtime.InteropServices;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>About how much memory what a response keeps takes: enough to keep all of them within a limit.</summary>
internal static class ResponseBytes
{
    /// <summary>What the least thing takes: an object's head and what points to it.</summary>
    public const int OfItem = 64;

    /// <summary>A conversation.</summary>
    public static long Of(IEnumerable<ChatTurn> turns) =>
        turns.Sum(turn => OfItem + (2L * (turn.Content?.Length ?? 0)) + turn.Fields.Sum(field => Of(field.Value)));

    /// <summary>A value as it was sent.</summary>
    public static long Of(JsonElement json) => JsonMarshal.GetRawUtf8Value(json).Length;

    private static long Of(object? value) => OfItem + value switch
    {
        string text => 2L * text.Length,
        JsonElement json => Of(json),
        IEnumerable<KeyValuePair<string, object?>> fields => fields.Sum(field => Of(field.Key) + Of(field.Value)),
        IEnumerable<object?> items => items.Sum(Of),
        _ => 0,
    };
}
