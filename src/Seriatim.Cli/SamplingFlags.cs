using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>The options of <c>generate</c> that make a request. Names and defaults are those of llama.cpp.</summary>
internal sealed class SamplingFlags
{
    private readonly Option<int> _count = new("--max-tokens", "-n", "--predict", "--n-predict") { Description = "Most new tokens; -1: until the model ends the text or the context is full.", DefaultValueFactory = _ => 256, HelpName = "n" };
    private readonly Option<ulong> _seed = new("--seed", "-s") { Description = "Seed of the random numbers: the same seed gives the same text.", DefaultValueFactory = _ => 0, HelpName = "n" };
    private readonly Option<float> _temperature = new("--temp", "--temperature") { Description = "Temperature; 0: always the most probable token.", DefaultValueFactory = _ => 0.8f, HelpName = "t" };
    private readonly Option<int> _topK = new("--top-k") { Description = "Only the k most probable tokens; 0: off.", DefaultValueFactory = _ => 40, HelpName = "k" };
    private readonly Option<float> _topP = new("--top-p") { Description = "Only the most probable tokens that together reach p; 1: off.", DefaultValueFactory = _ => 0.95f, HelpName = "p" };
    private readonly Option<float> _minP = new("--min-p") { Description = "Only tokens with at least this part of the highest probability; 0: off.", DefaultValueFactory = _ => 0.05f, HelpName = "p" };
    private readonly Option<float> _typical = new("--typical", "--typical-p") { Description = "Locally typical sampling; 1: off.", DefaultValueFactory = _ => 1, HelpName = "p" };
    private readonly Option<float> _repeat = new("--repeat-penalty") { Description = "Penalty of tokens that were there; 1: off.", DefaultValueFactory = _ => 1, HelpName = "x" };
    private readonly Option<int> _repeatLast = new("--repeat-last-n") { Description = "Tokens the penalties look back; -1: all.", DefaultValueFactory = _ => 64, HelpName = "n" };
    private readonly Option<float> _presence = new("--presence-penalty") { Description = "Taken from each token that was generated.", DefaultValueFactory = _ => 0, HelpName = "x" };
    private readonly Option<float> _frequency = new("--frequency-penalty") { Description = "Taken from a token each time it was generated.", DefaultValueFactory = _ => 0, HelpName = "x" };
    private readonly Option<string[]> _stop = new("--stop", "-r", "--reverse-prompt") { Description = "Stop before this text; may be given again.", HelpName = "text" };
    private readonly Option<bool> _ignoreEnd = new("--ignore-eos") { Description = "Never choose an end token." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
            { _count, _seed, _temperature, _topK, _topP, _minP, _typical, _repeat, _repeatLast, _presence, _frequency, _stop, _ignoreEnd })
            command.Add(option);
    }

    /// <summary>The request of a prompt with these options. Values are checked by the engine, which names option and range.</summary>
    public GenerationRequest Apply(ParseResult result, Prompt prompt, GenerationRequest request)
    {
        int count = prompt.MaxNewTokens ?? result.GetValue(_count);
        int last = result.GetValue(_repeatLast);
        return request with
        {
            MaxNewTokens = count == -1 ? null : count,
            Seed = prompt.Seed ?? result.GetValue(_seed),
            StopStrings = result.GetValue(_stop) ?? [],
            IgnoreEndIds = result.GetValue(_ignoreEnd),
            Sampling = new SamplingOptions
            {
                Temperature = result.GetValue(_temperature),
                TopK = result.GetValue(_topK),
                TopP = result.GetValue(_topP),
                MinP = result.GetValue(_minP),
                TypicalP = result.GetValue(_typical),
                Penalties = new PenaltyOptions
                {
                    Repetition = result.GetValue(_repeat),
                    Presence = result.GetValue(_presence),
                    Frequency = result.GetValue(_frequency),
                    LastN = last == -1 ? null : last,
                },
            },
        };
    }
}
