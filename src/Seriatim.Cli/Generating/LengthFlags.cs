using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>How much is generated, how often, and where it stops.</summary>
internal sealed class LengthFlags
{
    private const int NoLimit = -1;

    private readonly Option<int?> _most = Flag.Maybe<int?>("Most new tokens; -1: until the model ends the text or the context is "
        + "full. Default: the model's, else 256, as far as the context goes.", "n", "--max-tokens", "-n", "--predict",
        "--n-predict");
    private readonly Option<int?> _fewest = Flag.Maybe<int?>(
        "Fewest new tokens: before that nothing ends the text. Default: the model's.", "n", "--min-tokens", "--min-new-tokens");
    private readonly SeedFlag _seed = new();
    private readonly Option<int> _count =
        Flag.Of("Continuations of each prompt (with --beams: the best so many).", "n", 1, "--n", "--num-return-sequences");
    private readonly Option<int?> _bestOf =
        Flag.Maybe<int?>("Generate so many, and print the most probable --n of them.", "n", "--best-of");
    private readonly Option<string[]> _stop =
        Flag.Many("Stop before this text; may be given again.", "text", "--stop", "-r", "--reverse-prompt");
    private readonly Option<string?> _stopIds =
        Flag.Maybe<string>("Stop after one of these token ids, e.g. 3,17.", "ids", "--stop-token-ids");
    private readonly Option<bool> _ignoreEnd = Flag.Switch("Never choose an end token.", "--ignore-eos");
    private readonly Option<double?> _time =
        Flag.Maybe<double?>("Most seconds a prompt may take; then it ends with what it has.", "seconds", "--max-time");

    public IEnumerable<Option> All => [_most, _fewest, _seed.Option, _count, _bestOf, _stop, _stopIds, _ignoreEnd, _time];

    /// <summary>The seed, if it was drawn and not given.</summary>
    public ulong? DrawnSeed(ParseResult result) => _seed.Of(result) is var seed && _seed.IsDrawn ? seed : null;

    public GenerationRequest Apply(ParseResult result, Prompt prompt, GenerationRequest request)
    {
        int? most = prompt.MaxNewTokens ?? result.GetValue(_most);
        int together = new EngineOptions().MaxSequences;
        AtMost(result, _count, result.GetValue(_count), together);
        AtMost(result, _bestOf, result.GetValue(_bestOf) ?? 1, together);
        double? seconds = result.GetValue(_time);
        if (seconds is { } time && !(time is > 0 and < 1e9))
            throw new UsageException($"--max-time is {seconds}; seconds above 0 are needed.");
        return request with
        {
            MaxNewTokens = most == NoLimit ? null : most,
            SoftMaxNewTokens = most is null ? request.SoftMaxNewTokens ?? GenerationDefaults.UsualNewTokens : null,
            MinNewTokens = result.GetValue(_fewest)
                ?? Math.Min(request.MinNewTokens, most is null or NoLimit ? int.MaxValue : most.Value),
            Seed = prompt.Seed ?? _seed.Of(result),
            Count = result.GetValue(_count),
            BestOf = result.GetValue(_bestOf),
            StopStrings = [.. request.StopStrings, .. result.GetValue(_stop) ?? []],
            StopIds = [.. request.StopIds, .. result.Ids(_stopIds) ?? []],
            IgnoreEndIds = result.GetValue(_ignoreEnd),
            Timeout = seconds is { } limit ? TimeSpan.FromSeconds(limit) : null,
        };
    }

    private static void AtMost(ParseResult result, Option option, int value, int most)
    {
        if (result.IsGiven(option) && value > most)
            throw new UsageException($"{option.Name} is {value}; 1 to {most} is allowed.");
    }
}
