using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>Why an answer ended, in Anthropic's words.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Sequence">The text that stopped it; null: none did.</param>
internal sealed record MessagesStop(string Reason, string? Sequence)
{
    /// <summary>Of an answer.</summary>
    /// <param name="finish">Why the engine ended it.</param>
    /// <param name="hasCalls">Whether it calls tools.</param>
    /// <param name="request">The request.</param>
    /// <param name="tokenizer">Makes text of what the model wrote, the text that stopped it too.</param>
    /// <param name="ids">The tokens.</param>
    public static MessagesStop Of(FinishReason finish, bool hasCalls, MessagesRequest request, Tokenizer tokenizer,
        IReadOnlyList<int> ids)
    {
        string? sequence = finish == FinishReason.StopString ? FoundIn(tokenizer.Decode([.. ids]), request.Stops) : null;
        return new MessagesStop(hasCalls ? "tool_use" : sequence is not null ? "stop_sequence"
            : finish is FinishReason.Length or FinishReason.Timeout ? "max_tokens" : "end_turn", sequence);
    }

    /// <summary>Writes both.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("stop_reason"u8, Reason);
        json.WriteString("stop_sequence"u8, Sequence);
    }

    private static string? FoundIn(string text, IReadOnlyList<string> stops) => stops
        .Select(stop => (Stop: stop, At: text.IndexOf(stop, StringComparison.Ordinal)))
        .Where(found => found.At >= 0).OrderBy(found => found.At).Select(found => found.Stop).FirstOrDefault();
}
