using System.Text;
using System.Text.Json;

namespace Seriatim.Server;

/// <summary>An item of a response's output.</summary>
/// <param name="kind">What it is: content, reasoning, or a call.</param>
/// <param name="id">Its id.</param>
internal sealed class ResponseItem(AnswerPartKind kind, string id)
{
    public AnswerPartKind Kind => kind;

    public string Id => id;

    public StringBuilder Text { get; } = new();

    /// <summary>The log-probabilities of its tokens so far, as the items of a list of JSON; empty: none were asked for.</summary>
    public StringBuilder Logprobs { get; } = new();

    /// <summary>Of a call: its id and tool.</summary>
    public string CallId { get; init; } = "";

    public string Tool { get; init; } = "";

    public bool IsDone { get; set; }

    /// <summary>Whether it was cut off, or is a call that cannot be read.</summary>
    public bool IsIncomplete { get; set; }

    /// <summary>The item as it is now.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, kind switch
        {
            AnswerPartKind.Content => "message",
            AnswerPartKind.Reasoning => "reasoning",
            _ => "function_call",
        });
        json.WriteString("status"u8, !IsDone ? "in_progress" : IsIncomplete ? "incomplete" : "completed");
        if (kind == AnswerPartKind.CallBegin)
        {
            json.WriteString("call_id"u8, CallId);
            json.WriteString("name"u8, Tool);
            json.WriteString("arguments"u8, $"{Text}");
        }
        else
        {
            if (kind == AnswerPartKind.Content)
            {
                json.WriteString("role"u8, "assistant"u8);
            }
            else
            {
                json.WriteStartArray("summary"u8);
                json.WriteEndArray();
            }

            json.WriteStartArray("content"u8);
            if (IsDone || Text.Length > 0)
                WritePart(json);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Writes log-probabilities: the items of a list.</summary>
    public static void WriteLogprobs(Utf8JsonWriter json, string items)
    {
        json.WritePropertyName("logprobs"u8);
        json.WriteRawValue($"[{items}]", skipInputValidation: true);
    }

    /// <summary>Its one part as it is now.</summary>
    public void WritePart(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, kind == AnswerPartKind.Content ? "output_text" : "reasoning_text");
        json.WriteString("text"u8, $"{Text}");
        if (kind == AnswerPartKind.Content)
        {
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
            WriteLogprobs(json, $"{Logprobs}");
        }

        json.WriteEndObject();
    }
}
