using System.Globalization;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The log-probabilities of a prompt's tokens, as vLLM has them: its field, and how they are told.</summary>
internal static class PromptLogprobs
{
    /// <summary>The row.</summary>
    public static Field<GenerationSettings> Row { get; } = new()
    {
        Name = "prompt_logprobs",
        Kinds = JsonKinds.Integer,
        Least = 0,
        Most = 20,
        Doc = "Send the log-probability of each token of the prompt, and of so many of the most probable ones at its place, by "
            + "token id (vLLM). Not in a stream, which begins before they are known.",
        Example = "2",
        Option = "PromptLogprobs",
        Read = (settings, value) =>
        {
            settings.TellsPromptLogprobs = true;
            settings.PromptLogprobs = Math.Max(settings.PromptLogprobs ?? 0, value.Integer);
        },
    };

    /// <summary>A stream begins before a prompt has been read.</summary>
    /// <exception cref="ApiException">They are asked for.</exception>
    public static void RequireWhole(GenerationSettings settings)
    {
        if (!settings.TellsPromptLogprobs)
            return;
        throw ApiException.Invalid("The log-probabilities of a prompt are known when it has been read, and a stream begins "
            + "before; set stream to false, or leave prompt_logprobs out.", "prompt_logprobs", "invalid_value");
    }

    /// <summary>Writes them: nothing for the first token, which follows nothing.</summary>
    public static void Write(
        Utf8JsonWriter json, Tokenizer tokenizer, ReadOnlySpan<int> prompt, IReadOnlyList<TokenLogprobs>? logprobs)
    {
        json.WriteStartArray("prompt_logprobs"u8);
        for (int i = 0; i < prompt.Length; i++)
        {
            if (i == 0 || logprobs is null)
                json.WriteNullValue();
            else
                Write(json, tokenizer, logprobs[i - 1]);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Tokenizer tokenizer, TokenLogprobs token)
    {
        json.WriteStartObject();
        Write(json, tokenizer, token.Chosen, token.Rank + 1);
        for (int i = 0; i < token.Top.Count; i++)
        {
            if (token.Top[i].TokenId != token.Chosen.TokenId)
                Write(json, tokenizer, token.Top[i], i + 1);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Tokenizer tokenizer, in TokenLogprob token, int rank)
    {
        json.WriteStartObject(token.TokenId.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("logprob"u8, OpenAiJson.Finite(token.Logprob));
        json.WriteNumber("rank"u8, rank);
        json.WriteString("decoded_token"u8, OpenAiJson.TextOf(tokenizer, token.TokenId));
        json.WriteEndObject();
    }
}
