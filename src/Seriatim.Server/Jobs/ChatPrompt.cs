using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>Writes conversations as prompts.</summary>
internal static class ChatPrompt
{
    /// <summary>Stands for the end of the last message while its template is written. It belongs to no alphabet.</summary>
    private const string End = "\uF8FD";

    /// <summary>The request that a conversation makes, with the model's defaults in it.</summary>
    public static GenerationRequest Request(LanguageModel model, ChatJob job, ChatPromptOptions prompt)
    {
        Require(model, job);
        GenerationRequest request = model.ChatRequest(job.Messages, prompt);
        return job.ContinuesLast ? request with { Prompt = Open(model, job, prompt) } : request;
    }

    /// <summary>A template must be there; a role that it does not know is told as the one that it does.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public static void Require(LanguageModel model, ChatJob job)
    {
        if (model.Tokenizer.ChatTemplate is null)
        {
            throw ApiException.Invalid($"{model.Name} has no chat template, so it cannot be told a conversation. Ask it through "
                + "/v1/completions.", "model", "no_chat_template");
        }

        if (ToolSupport.Reads(model.Tokenizer, null, "developer"))
            return;
        for (int i = 0; i < job.Messages.Count; i++)
        {
            if (job.Messages[i].Role == "developer")
                job.Messages[i] = job.Messages[i] with { Role = "system" };
        }
    }

    /// <summary>
    /// The tokens up to the end of the last message, as its template writes it: what comes behind is left out, so that the model
    /// goes on with it.
    /// </summary>
    private static int[] Open(LanguageModel model, ChatJob job, ChatPromptOptions prompt)
    {
        if (job.OpensAnswer)
        {
            throw ApiException.Invalid("continue_final_message goes on with the last message, and add_generation_prompt begins "
                + "another one; set add_generation_prompt to false.", "continue_final_message", "invalid_value");
        }

        if (model.Model.Spec.IsEncoderDecoder)
        {
            throw ApiException.Unsupported(
                $"{model.Name} is an encoder-decoder: its answers have no beginning in the prompt.", "continue_final_message");
        }

        ChatTurn last = job.Messages[^1];
        if (last.Content is not { Length: > 0 } content)
            throw ApiException.Invalid("The last message has no text to go on with.", "continue_final_message", "invalid_value");
        ChatTurn[] marked = [.. job.Messages.SkipLast(1), last with { Content = content + End }];
        string rendered = model.Tokenizer.ApplyChatTemplate(marked, prompt);
        int at = rendered.LastIndexOf(End, StringComparison.Ordinal);
        if (at < 0)
        {
            throw ApiException.Unsupported(
                $"The chat template of {model.Name} does not show the last message as it is.", "continue_final_message");
        }

        // The tokens of the conversation whose tail is cut: special tokens in messages stay text, as in any conversation.
        int[] whole = model.Tokenizer.EncodeChat(job.Messages, prompt);
        string tail = rendered[(at + End.Length)..];
        int[] behind = tail.Length == 0 ? [] : model.Tokenizer.Encode(tail, addSpecialTokens: false);
        return whole.AsSpan().EndsWith(behind) ? whole[..^behind.Length] : throw ApiException.Unsupported(
            $"The chat template of {model.Name} joins the last message with what it writes behind it.", "continue_final_message");
    }
}
