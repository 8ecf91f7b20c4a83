using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>What <c>chat</c> and <c>run</c> have in common: how answers are generated.</summary>
internal sealed class ChatFlags
{
    private const int NoLimit = -1;

    private readonly Option<string?> _system = Flag.Maybe<string>("What the model is told before the conversation.", "text",
        "--system-prompt", "-sys");
    private readonly Option<string?> _template = Flag.Maybe<string>("A Jinja chat template to use instead of the model's own.",
        "file", "--chat-template-file");
    private readonly Option<bool> _noHistory = Flag.Switch("Do not keep what is typed for the next time.", "--no-history");
    private readonly Option<int> _threads = SharedOptions.Threads();
    private readonly Option<int?> _context = SharedOptions.Context();
    private readonly Option<string> _cacheType = SharedOptions.CacheType();
    private readonly Option<string?> _packCache = SharedOptions.PackCache();
    private readonly Option<int?> _most = Flag.Maybe<int?>(
        "Most new tokens of an answer; -1: until the model ends it or the context is full. Default: the model's, else -1.", "n",
        "--max-tokens", "-n", "--predict");
    private readonly SeedFlag _seed = new();
    private readonly SamplerFlags _sampler = new();
    private readonly PenaltyFlags _penalty = new();
    private readonly GrammarFlags _grammar = new();
    private readonly ContextFlags _length = new();
    private ulong _answers;

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_system, _template, _noHistory, _most, _seed.Option, _threads, _context,
            _cacheType, _packCache])
        {
            command.Add(option);
        }
        command.Add("Choosing tokens", _sampler.All);
        command.Add("Penalties", _penalty.All);
        command.Add("Constraints", _grammar.All);
        command.Add("Long texts", _length.All);
    }

    public Task<LanguageModel> OpenAsync(ParseResult result, string folder, CancellationToken cancellation) =>
        LanguageModel.OpenAsync(folder, SharedOptions.Read(result, _threads, _context, _cacheType, _packCache), cancellation);

    public ChatInput Input(ParseResult result) => new(keepsHistory: !result.GetValue(_noHistory));

    /// <summary>A template of the user's; null: the model's own.</summary>
    public async Task<ChatTemplate?> TemplateAsync(ParseResult result, CancellationToken cancellation)
    {
        if (result.GetValue(_template) is not { } file)
            return null;
        if (!File.Exists(file))
            throw new UserErrorException($"{file}: there is no such file.");
        return new ChatTemplate(await File.ReadAllTextAsync(file, cancellation));
    }

    /// <summary>A conversation with these flags.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="model">The model.</param>
    /// <param name="template">A template of the user's; null: the model's own.</param>
    /// <param name="remembers">False for models that know no conversations.</param>
    public ChatTalk Begin(ParseResult result, LanguageModel model, ChatTemplate? template, bool remembers)
    {
        int? most = result.GetValue(_most), usual = remembers ? null : GenerationDefaults.UsualNewTokens;
        SamplingOptions sampling = _sampler.Read(result, model, beams: false);
        sampling = sampling with
        {
            Penalties = _penalty.Read(result, model.Tokenizer, sampling.Penalties),
            Grammar = _grammar.Read(result),
        };
        ulong seed = _seed.Of(result);
        result.Require(remembers, "a model with a chat template", _system);
        var prompt = new ChatPromptOptions { Template = template };
        var talk = model.StartConversation(new ConversationOptions { System = result.GetValue(_system), Prompt = prompt });
        return new ChatTalk(talk, prompt, request => _length.Apply(result, model, request) with
        {
            MaxNewTokens = most == NoLimit ? null : most,
            SoftMaxNewTokens = most is null ? request.SoftMaxNewTokens ?? usual : null,
            MinNewTokens = Math.Min(request.MinNewTokens, most is null or NoLimit ? int.MaxValue : most.Value),
            Seed = unchecked(seed + _answers++),
            Sampling = sampling,
        }, remembers);
    }
}
