using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>What a request of Anthropic's means for a model.</summary>
/// <param name="request">The request.</param>
internal sealed class MessagesJob(MessagesRequest request) : IJob
{
    private const string EnableThinking = "enable_thinking";

    public string? Model => request.Job.Model;

    public JobPlan Plan(ModelUse use)
    {
        if (request.Thinks is { } thinks)
        {
            Tokenizer tokenizer = use.Language.Tokenizer;
            bool canThink = AnswerFormat.Of(tokenizer, null) is { Reasoning: not null } or { Tools.HoldsReasoning: true };
            if (ToolSupport.Reads(tokenizer, null, EnableThinking))
                request.Job.Variables[EnableThinking] = thinks;
            else if (thinks != canThink)
            {
                throw ApiException.Unsupported(
                    thinks ? $"{use.Name} does not think." : $"{use.Name} cannot be kept from thinking.", "thinking");
            }
        }

        return request.Job.Plan(use);
    }
}
