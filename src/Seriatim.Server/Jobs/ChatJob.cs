using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>A conversation that is to be gone on with, whatever protocol it came by.</summary>
internal sealed class ChatJob : IJob
{
    public string? Model { get; set; }

    public List<ChatTurn> Messages { get; } = [];

    public List<ChatTool> Tools { get; } = [];

    public ToolChoice ToolChoice { get; set; }

    /// <summary>The tool that <see cref="ToolChoice.Named"/> names.</summary>
    public string? NamedTool { get; set; }

    /// <summary>Whether an answer may call several tools.</summary>
    public bool AllowsSeveralCalls { get; set; } = true;

    /// <summary>Variables of the template.</summary>
    public Dictionary<string, object?> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the prompt ends with the opening of an answer.</summary>
    public bool OpensAnswer { get; set; } = true;

    /// <summary>Whether the last message is the beginning of the answer.</summary>
    public bool ContinuesLast { get; set; }

    public GenerationSettings Generation { get; } = new();

    public JobPlan Plan(ModelUse use)
    {
        LanguageModel model = use.Language;
        ChatPromptOptions prompt = Prompt(model);
        GenerationRequest request = Generation.ApplyTo(ChatPrompt.Request(model, this, prompt), model);
        bool hasTools = prompt.Tools.Count > 0, one = hasTools && !AllowsSeveralCalls;
        if (one)
            request = request with { StopStrings = [.. request.StopStrings, ToolCallReader.Close] };
        return new JobPlan
        {
            Operation = "chat",
            Requests = [request],
            NewReader = hasTools ? prefix => new ToolAnswer(prefix) : _ => new PlainAnswer(),
            EndsWithCall = one,
        };
    }

    /// <summary>How the conversation is written for a model.</summary>
    /// <exception cref="ApiException">The model is not shown what the conversation has.</exception>
    public ChatPromptOptions Prompt(LanguageModel model)
    {
        if (ToolChoice is ToolChoice.Required or ToolChoice.Named)
        {
            throw ApiException.Unsupported(
                "tool_choice can be \"auto\" or \"none\" for this model: a call cannot be forced.", "tool_choice");
        }

        bool shows = Tools.Count > 0 && ToolChoice != ToolChoice.None;
        if (shows && ToolSupport.Refusal(model.Tokenizer, null) is { } refusal)
            throw ApiException.Unsupported($"{model.Name} cannot be offered tools: {refusal}.", "tools");
        foreach (string name in Variables.Keys)
        {
            if (!ToolSupport.Reads(model.Tokenizer, null, name))
            {
                throw ApiException.Unsupported(
                    $"The chat template of {model.Name} reads no {name}.", name == ReasoningEffort ? name : "chat_template_kwargs");
            }
        }

        if (Messages.Any(turn => turn.Fields.ContainsKey("reasoning_content"))
            && !ToolSupport.Reads(model.Tokenizer, null, "reasoning_content"))
        {
            throw ApiException.Unsupported(
                $"The chat template of {model.Name} reads no reasoning_content; take it out of what is sent.", "messages");
        }

        return new ChatPromptOptions
        {
            AddGenerationPrompt = OpensAnswer,
            Tools = shows ? Tools : [],
            Variables = Variables,
        };
    }

    /// <summary>The template's variable of that name.</summary>
    public const string ReasoningEffort = "reasoning_effort";
}
