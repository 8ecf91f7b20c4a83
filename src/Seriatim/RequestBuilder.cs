using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Makes requests of texts and conversations.</summary>
internal static class RequestBuilder
{
    public static GenerationRequest FromText(OpenedModel opened, string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = opened.Tokenizer.Encode(prompt);
        return IsEncoderDecoder(opened) ? FromSource(opened, ids) : FromPrompt(opened, ids);
    }

    public static GenerationRequest FromChat(OpenedModel opened, IReadOnlyList<ChatTurn> messages, ChatPromptOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (messages.Count == 0)
            throw new ModelTaskException("The conversation is empty; give at least one message.");
        options ??= ChatPromptOptions.Default;
        bool encodes = IsEncoderDecoder(opened);

        // The template of a decoder wrote the special tokens itself.
        int[] ids = opened.Tokenizer.EncodeChat(messages, options, addSpecialTokens: encodes);
        GenerationRequest request = encodes ? FromSource(opened, ids) : FromPrompt(opened, ids);
        TurnEnd end = opened.TurnEndOf(options.Template);
        return request with
        {
            StopIds = end.Id is { } stop ? [stop] : [],
            StopStrings = end.Text is null ? request.StopStrings : [.. request.StopStrings, end.Text],
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
            Prompt = takesSource ? [.. DecoderStart(opened.Parts), .. ids] : ids,
            EncoderInput = takesSource ? opened.Tokenizer.Encode(source!) : default(ReadOnlyMemory<int>),
            MaxNewTokens = 0,
            PromptLogprobs = 0,
        };
    }

    private static bool IsEncoderDecoder(OpenedModel opened) => opened.Model.Spec.IsEncoderDecoder;

    private static GenerationRequest FromPrompt(OpenedModel opened, int[] ids) =>
        opened.Defaults.ApplyTo(new GenerationRequest { Prompt = ids, Tokenizer = opened.Tokenizer });

    private static GenerationRequest FromSource(OpenedModel opened, int[] ids) => opened.Defaults.ApplyTo(new GenerationRequest
    {
        Prompt = opened.Model.Spec.MaskPredict is null ? DecoderStart(opened.Parts) : [],
        MaskPredict = opened.Model.Spec.MaskPredict is null ? null : new MaskPredictOptions(),
        EncoderInput = ids,
        ForcedEndId = opened.Model.Spec.MaskPredict is null
            ? opened.Defaults.ForcedEndId ?? opened.Model.Config.ForcedEosTokenId : null,
        Tokenizer = opened.Tokenizer,
    });

    /// <summary>What the decoder of an encoder-decoder begins with.</summary>
    public static int[] DecoderStart(ModelParts opened)
    {
        ModelConfig config = opened.Model.Config;
        int start = opened.Defaults.DecoderStartId ?? config.DecoderStartTokenId ?? config.BosTokenId
            ?? throw new ModelFormatException(Model.ConfigFileName, "the config has no decoder_start_token_id.",
                "Add it; the decoder has to begin with something.");
        return (opened.Defaults.ForcedFirstId ?? config.ForcedBosTokenId) is { } first ? [start, first] : [start];
    }
}
