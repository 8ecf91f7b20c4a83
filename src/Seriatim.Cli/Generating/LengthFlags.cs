using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>How much is generated, how often, and where it stops.</summary>
internal sealed class LengthFlags
{
    private readonly Option<int> _most = Flag.Of("Most new tokens; -1: until the model ends the text or the context is full.", "n", 256, "--max-tokens", "-n", "--predict", "--n-predict");
    private readonly Option<int> _fewest = Flag.Of("Fewest new tokens: before that nothing ends the text.", "n", 0, "--min-tokens", "--min-new-tokens");
    private readonly Option<ulong> _seed = Flag.Of("Seed of the random numbers: the same seed gives the same text.", "n", 0ul, "--seed", "-s");
    private readonly Option<int> _count = Flag.Of("Continuations of each prompt (with --beams: the best so many).", "n", 1, "--num-return-sequences", "--n");
    private readonly Option<int?> _bestOf = Flag.Maybe<int?>("Generate so many, and print the most probable --n of them.", "n", "--best-of");
    private readonly Option<string[]> _stop = Flag.Many("Stop before this text; may be given again.", "text", "--stop", "-r", "--reverse-prompt");
    private readonly Option<string?> _stopIds = Flag.Maybe<string>("Stop after one of these token ids, e.g. 3,17.", "ids", "--stop-token-ids");
    private readonly Option<bool> _ignoreEnd = Flag.Switch("Never choose an end token.", "--ignore-eos");
    private readonly Option<double?> _time = Flag.Maybe<double?>("Most seconds a prompt may take; then it ends with what it has.", "seconds", "--max-time");

    public IEnumerable<Option> All => [_most, _fewest, _seed, _count, _bestOf, _stop, _stopIds, _ignoreEnd, _time];

    public GenerationRequest Apply(ParseResult result, Prompt prompt, GenerationRequest request)
    {
        int most = prompt.MaxNewTokens ?? result.GetValue(_most);
        double? seconds = result.GetValue(_time);
        if (seconds is { } time && !(time is > 0 and < 1e9))
            throw new UserErrorException($"--max-time is {seconds}; seconds above 0 are needed.");
        return request with
        {
            MaxNewTokens = most == -1 ? null : most,
            MinNewTokens = result.GetValue(_fewest),
            Seed = prompt.Seed ?? result.GetValue(_seed),
            Count = result.GetValue(_count),
            BestOf = result.GetValue(_bestOf),
            StopStrings = [.. request.StopStrings, .. result.GetValue(_stop) ?? []],
            StopIds = [.. request.StopIds, .. result.Ids(_stopIds) ?? []],
            IgnoreEndIds = result.GetValue(_ignoreEnd),
            Deadline = seconds is { } limit ? TimeSpan.FromSeconds(limit) : null,
        };
    }
}
