using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>A conversation that is to be gone on with, whatever protocol it came by.</summary>
internal sealed class ChatJob : IJob
{
    private readonly HashSet<string> _toolNames = new(StringComparer.Ordinal);

    public string? Model { get; set; }

    public List<ChatTurn> Messages { get; } = [];

    public List<ChatTool> Tools { get; } = [];

    /// <summary>Tools whose arguments must follow their schema.</summary>
    public List<string> StrictTools { get; } = [];

    public ToolChoice ToolChoice { get; set; }

    /// <summary>The tool that <see cref="ToolChoice.Named"/> names.</summary>
    public string? NamedTool { get; set; }

    /// <summary>Whether an answer may call several tools.</summary>
    public bool AllowsSeveralCalls { get; set; } = true;

    /// <summary>Whether the model thinks; null: as it does.</summary>
    public bool? Thinks { get; set; }

    /// <summary>The field that says it.</summary>
    public string? ThinksField { get; set; }

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
        Think(model);
        ChatPromptOptions prompt = Prompt(model);
        GenerationRequest request = Generation.ApplyTo(ChatPrompt.Request(model, this, prompt), model);
        AnswerPlan answer = AnswerPlan.Of(
            model.Tokenizer, prompt, request.Prompt.Span, Use, request.Sampling.Grammar);
        return new JobPlan
        {
            Operation = "chat",
            Requests = [model.WithTurnEnds(answer.ApplyTo(request), prompt.Template)],
            Reasons = answer.Format is { Reasoning: not null } or { Tools.HoldsReasoning: true },
            NewReader = prefix => new ModelAnswer(answer.Reader(prefix)),
        };
    }

    /// <summary>Offers the model a tool, whatever protocol it came by.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="isStrict">Whether its arguments must follow its schema.</param>
    /// <param name="field">Where its name stands.</param>
    /// <exception cref="ApiException">It has no name that models can write, or another tool's.</exception>
    public void Add(ChatTool tool, bool isStrict, string field)
    {
        if (tool.Name.Length is 0 or > 64 || !tool.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            throw ApiException.Invalid($"{field} is no name of a tool; 1 to 64 letters, digits, _ and - are needed.", field,
                "invalid_value");
        }

        if (!_toolNames.Add(tool.Name))
        {
            throw ApiException.Invalid($"{field} is {tool.Name} as another tool's is; names must differ.", field,
                "invalid_value");
        }

        Tools.Add(tool);
        if (isStrict)
            StrictTools.Add(tool.Name);
    }

    /// <summary>Has the model think, or keeps it from that, where it was asked for.</summary>
    /// <exception cref="ApiException">Its template cannot say it.</exception>
    public void Think(LanguageModel model)
    {
        if (Thinks is not { } thinks)
            return;
        bool canThink = AnswerFormat.Of(model.Tokenizer, null) is { Reasoning: not null } or { Tools.HoldsReasoning: true };
        if (ToolSupport.Reads(model.Tokenizer, null, EnableThinking))
            Variables[EnableThinking] = thinks;
        else if (thinks != canThink)
        {
            throw ApiException.Unsupported(
                thinks ? $"{model.Name} does not think." : $"{model.Name} cannot be kept from thinking.", ThinksField!);
        }
    }

    /// <summary>What is said of the tools.</summary>
    private ToolUse Use => new()
    {
        Choice = ToolChoice switch
        {
            ToolChoice.None => Seriatim.ToolChoice.None,
            ToolChoice.Required => Seriatim.ToolChoice.Required,
            ToolChoice.Named => Seriatim.ToolChoice.Of(NamedTool!),
            _ => Seriatim.ToolChoice.Auto,
        },
        IsParallel = AllowsSeveralCalls,
        Strict = StrictTools,
    };

    /// <summary>How the conversation is written for a model.</summary>
    /// <exception cref="ApiException">The model is not shown what the conversation has.</exception>
    public ChatPromptOptions Prompt(LanguageModel model)
    {
        bool shows = Tools.Count > 0 && ToolChoice != ToolChoice.None;
        if (shows && ToolSupport.Refusal(model.Tokenizer, null) is { } refusal)
            throw ApiException.Unsupported($"{model.Name} cannot be offered tools: {refusal}.", "tools");
        foreach (string name in Variables.Keys)
        {
            if (!ToolSupport.Reads(model.Tokenizer, null, name))
            {
                throw ApiException.Unsupported(
                    $"The chat template of {model.Name} reads no {name}.",
                    name == ReasoningEffort ? name : "chat_template_kwargs");
            }
        }

        ShowReasoning(model);
        return new ChatPromptOptions
        {
            AddGenerationPrompt = OpensAnswer,
            Tools = shows ? Tools : [],
            Variables = Variables,
        };
    }

    /// <summary>Earlier reasoning goes where the template reads it, or into the text as the model wrote it.</summary>
    private void ShowReasoning(LanguageModel model)
    {
        for (int i = 0; i < Messages.Count; i++)
        {
            if (!Messages[i].Fields.TryGetValue(Reasoning, out object? thoughts))
                continue;
            Messages[i] = ReasoningTurn.Show(Messages[i], $"{thoughts}", model.Tokenizer, null)
                ?? throw ApiException.Unsupported(
                    $"The chat template of {model.Name} reads no {Reasoning}; take it out of what is sent.", "messages");
        }
    }

    /// <summary>The field of a message for earlier reasoning.</summary>
    public const string Reasoning = "reasoning_content";

    /// <summary>What names tools may have, for the tables of all protocols.</summary>
    public const string ToolNames = "Its name: 1 to 64 letters, digits, `_` and `-`.";

    /// <summary>The template's variable of that name.</summary>
    public const string EnableThinking = "enable_thinking";

    /// <summary>The template's variable of that name.</summary>
    public const string ReasoningEffort = "reasoning_effort";
}
