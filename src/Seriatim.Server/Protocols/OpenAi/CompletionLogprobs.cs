using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>Log-probabilities as completions have them: lists side by side, with the place of each token in the text.</summary>
/// <param name="tokenizer">Knows the tokens' texts.</param>
/// <param name="showsIds">Whether ids are told, too.</param>
internal sealed class CompletionLogprobs(Tokenizer tokenizer, bool showsIds)
{
    private readonly List<(int Id, TokenLogprobs? Logprobs, int Offset)> _tokens = [];
    private int _offset;

    /// <summary>The tokens of the prompt; the first one follows nothing and has no probability.</summary>
    /// <param name="ids">The prompt.</param>
    /// <param name="logprobs">Those of all its tokens but the first.</param>
    /// <param name="most">How many of the most probable ones are told at each place.</param>
    public void AddPrompt(ReadOnlySpan<int> ids, IReadOnlyList<TokenLogprobs>? logprobs, int most)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            TokenLogprobs? own = i == 0 ? null : logprobs?[i - 1];
            Add(ids[i], own?.Top.Count > most ? own with { Top = [.. own.Top.Take(most)] } : own);
        }
    }

    public void Add(IReadOnlyList<TokenLogprobs> logprobs)
    {
        foreach (TokenLogprobs token in logprobs)
            Add(token.Chosen.TokenId, token);
    }

    /// <summary>Writes what was added since the last time.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("tokens"u8);
        foreach ((int id, _, _) in _tokens)
            json.WriteStringValue(OpenAiJson.TextOf(tokenizer, id));
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        foreach ((_, TokenLogprobs? logprobs, _) in _tokens)
        {
            if (logprobs is null)
                json.WriteNullValue();
            else
                json.WriteNumberValue(OpenAiJson.Finite(logprobs.Chosen.Logprob));
        }

        json.WriteEndArray();
        WriteTop(json);
        if (showsIds)
            WriteTopIds(json);
        json.WriteStartArray("text_offset"u8);
        foreach ((_, _, int offset) in _tokens)
            json.WriteNumberValue(offset);
        json.WriteEndArray();
        json.WriteEndObject();
        _tokens.Clear();
    }

    /// <summary>
    /// The alternatives again, by id: texts name them all only where no two tokens have one text, and nobody can go on from a
    /// text.
    /// </summary>
    private void WriteTopIds(Utf8JsonWriter json)
    {
        json.WriteStartArray("top_tokens"u8);
        foreach ((_, TokenLogprobs? logprobs, _) in _tokens)
        {
            json.WriteStartArray();
            foreach (TokenLogprob token in logprobs?.Top ?? [])
            {
                json.WriteStartObject();
                json.WriteNumber("id"u8, token.TokenId);
                json.WriteString("token"u8, OpenAiJson.TextOf(tokenizer, token.TokenId));
                json.WriteNumber("logprob"u8, OpenAiJson.Finite(token.Logprob));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private void WriteTop(Utf8JsonWriter json)
    {
        json.WriteStartArray("top_logprobs"u8);
        foreach ((_, TokenLogprobs? logprobs, _) in _tokens)
        {
            if (logprobs is null)
            {
                json.WriteNullValue();
                continue;
            }

            json.WriteStartObject();

            // Different tokens may have one text; the more probable one is told.
            var told = new HashSet<string>(StringComparer.Ordinal);
            foreach (TokenLogprob token in logprobs.Top)
            {
                string text = OpenAiJson.TextOf(tokenizer, token.TokenId);
                if (told.Add(text))
                    json.WriteNumber(text, OpenAiJson.Finite(token.Logprob));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void Add(int id, TokenLogprobs? logprobs)
    {
        _tokens.Add((id, logprobs, _offset));
        if (!tokenizer.IsSpecial(id))
            _offset += OpenAiJson.TextOf(tokenizer, id).Length;
    }
}
