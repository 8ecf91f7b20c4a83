using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>What a request of ollama's means for a model.</summary>
/// <param name="request">The request.</param>
internal sealed class OllamaJob(OllamaRequest request) : IJob
{
    public string? Model => request.Chat.Model;

    public JobPlan Plan(ModelUse use)
    {
        LanguageModel model = use.Language;
        if (request.Context > model.Model.Spec.Context)
        {
            throw ApiException.Invalid($"num_ctx is {request.Context}; {use.Name} has a context of {model.Model.Spec.Context}.",
                "options.num_ctx", "context_length_exceeded");
        }

        if (request.IsChat)
            return request.Chat.Plan(use);
        if (request.IsRaw || model.Tokenizer.ChatTemplate is null)
            return Text(model);
        if (request.System is { Length: > 0 } system)
            request.Chat.Messages.Add(new ChatTurn("system", system));
        request.Chat.Messages.Add(new ChatTurn("user", request.Prompt));
        return request.Chat.Plan(use);
    }

    private JobPlan Text(LanguageModel model)
    {
        if (request.System is { Length: > 0 })
            throw ApiException.Unsupported("system needs a chat template, and none is used; put it into the prompt.", "system");
        request.Chat.Think(model);
        GenerationRequest text = model.Request(request.Prompt);
        return new JobPlan { Operation = "text_completion", Requests = [request.Chat.Generation.ApplyTo(text, model)] };
    }
}
