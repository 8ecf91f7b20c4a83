using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Makes requests of texts and conversations.</summary>
internal static class RequestBuilder
{
    /// <summary>Stands for an answer where a template is asked what follows one; no template writes it by itself.</summary>
    private const string Answer = "seriatim-answer-7f3a";

    public static GenerationRequest FromText(OpenedModel opened, string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = opened.Tokenizer.Encode(prompt);
        if (!IsEncoderDecoder(opened))
            return opened.Defaults.ApplyTo(new GenerationRequest { Prompt = ids, Tokenizer = opened.Tokenizer });
        return opened.Defaults.ApplyTo(new GenerationRequest
        {
            Prompt = DecoderStart(opened),
            EncoderInput = ids,
            ForcedEndId = opened.Defaults.ForcedEndId ?? opened.Model.Config.ForcedEosTokenId,
            Tokenizer = opened.Tokenizer,
        });
    }

    public static GenerationRequest FromChat(OpenedModel opened, IReadOnlyList<ChatTurn> messages, ChatTemplate? template)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (messages.Count == 0)
            throw new ModelTaskException("The conversation is empty; give at least one message.");
        Tokenizer tokenizer = opened.Tokenizer;
        string prompt = tokenizer.ApplyChatTemplate(messages, addGenerationPrompt: true, template);

        // The template wrote the special tokens itself.
        GenerationRequest request = IsEncoderDecoder(opened)
            ? FromText(opened, prompt)
            : opened.Defaults.ApplyTo(new GenerationRequest
            {
                Prompt = tokenizer.Encode(prompt, addSpecialTokens: false),
                Tokenizer = tokenizer,
            });
        (int? id, string? text) = EndOfTurn(tokenizer, messages, template);
        return request with
        {
            StopIds = id is { } stop ? [stop] : [],
            StopStrings = text is null ? request.StopStrings : [.. request.StopStrings, text],
        };
    }

    public static GenerationRequest FromScoredText(OpenedModel opened, string text, string? source)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool takesSource = IsEncoderDecoder(opened);
        if (takesSource && source is null)
        {
            throw new ModelTaskException(
                $"{opened.Name} is an encoder-decoder: a text is only probable given its source. Give the source too.");
        }
        if (!takesSource && source is not null)
            throw new ModelTaskException($"{opened.Name} has no encoder, so it takes no source. Put everything into the text.");
        int[] ids = opened.Tokenizer.Encode(text);
        return new GenerationRequest
        {
            Prompt = takesSource ? [.. DecoderStart(opened), .. ids] : ids,
            EncoderInput = takesSource ? opened.Tokenizer.Encode(source!) : default(ReadOnlyMemory<int>),
            MaxNewTokens = 0,
            PromptLogprobs = 0,
        };
    }

    private static bool IsEncoderDecoder(OpenedModel opened) => opened.Model.Spec is { Encoder: not null, Decoder: not null };

    private static int[] DecoderStart(OpenedModel opened)
    {
        ModelConfig config = opened.Model.Config;
        int start = opened.Defaults.DecoderStartId ?? config.DecoderStartTokenId ?? config.BosTokenId
            ?? throw new ModelFormatException(Model.ConfigFileName, "the config has no decoder_start_token_id.",
                "Add it; the decoder has to begin with something.");
        return (opened.Defaults.ForcedFirstId ?? config.ForcedBosTokenId) is { } first ? [start, first] : [start];
    }

    /// <summary>
    /// What the template writes after an answer: a special token if it begins with one, else
    /// the text, else what the tokenizer names.
    /// </summary>
    private static (int? Id, string? Text) EndOfTurn(Tokenizer tokenizer, IReadOnlyList<ChatTurn> messages,
        ChatTemplate? template)
    {
        string after;
        try
        {
            string rendered = tokenizer.ApplyChatTemplate([.. messages, new ChatTurn("assistant", Answer)],
                addGenerationPrompt: false, template);
            int at = rendered.LastIndexOf(Answer, StringComparison.Ordinal);
            after = at < 0 ? "" : rendered[(at + Answer.Length)..].Trim();
        }
        catch (ChatTemplateException)
        {
            // A template may refuse what is no conversation to it, e.g. two answers in a
            // row; the end ids of the model still hold.
            after = "";
        }

        if (after.Length == 0)
            return (tokenizer.SpecialTokens.EndOfTurn, null);
        int[] ids = tokenizer.Encode(after, addSpecialTokens: false);
        return ids.Length > 0 && tokenizer.IsSpecial(ids[0]) ? (ids[0], null) : (tokenizer.SpecialTokens.EndOfTurn, after);
    }
}
