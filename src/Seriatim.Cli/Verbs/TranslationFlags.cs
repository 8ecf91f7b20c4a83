using System.CommandLine;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>How texts are translated; <c>eval</c> has the same flags.</summary>
internal sealed class TranslationFlags
{
    private readonly Option<string?> _to = Flag.Maybe<string>(
        "Language wanted, as the model names it, e.g. en or zh. Default: by the script of each text (Chinese characters: to en).",
        "language", "--to");
    private readonly Option<string?> _from =
        Flag.Maybe<string>("Language of the texts; needed only if --to leaves several.", "language", "--from");
    private readonly Option<string?> _prefix = Flag.Maybe<string>(
        "Words put before each text instead of those in the model's config, for models that name no languages.",
        "text", "--prefix");
    private readonly Option<int?> _beams =
        Flag.Maybe<int?>("Beams; 1: the most probable token each time. Default: the model's, else 4.", "n", "--beams");
    private readonly Option<double?> _penalty = Flag.Maybe<double?>(
        "Score = sum of log-probabilities / length^penalty: above 1 favours longer translations. Default: the model's, else 1.",
        "x", "--length-penalty");
    private readonly Option<int?> _iterations = Flag.Maybe<int?>(
        "Models that fill in whole translations (zh-en-nar): passes of the decoder. Default: 10.", "n", "--iterations");
    private readonly Option<int?> _lengths = Flag.Maybe<int?>(
        "Models that fill in whole translations: lengths that are tried. Default: 3.", "n", "--length-candidates");
    private readonly Option<int?> _most =
        Flag.Maybe<int?>("Most new tokens of a text (default: twice its own and 50).", "n", "--max-length", "-n");

    private readonly Option<string?> _map = Flag.Maybe<string>("A vmap.txt (seriatim vmap makes one): tokens are chosen from "
        + "those it gives for the text, which is faster and may change translations.", "file", "--vmap");

    public IEnumerable<Option> All => [_to, _from, _prefix, _beams, _penalty, _iterations, _lengths, _most, _map];

    /// <summary>The options with the map of <c>--vmap</c>, if there is one.</summary>
    /// <param name="result">The flags.</param>
    /// <param name="options">The others, as <see cref="Read"/> gave them.</param>
    /// <param name="translator">Whose tokens the map names.</param>
    /// <exception cref="UserErrorException">There is no such file.</exception>
    public TranslationOptions WithMap(ParseResult result, TranslationOptions options, Translator translator)
    {
        if (result.GetValue(_map) is not { } file)
            return options;
        if (!File.Exists(file))
            throw new UserErrorException($"{file}: there is no such file. seriatim vmap makes one.");
        return options with { VocabularyMap = VocabularyMap.Read(file, translator.Tokenizer) };
    }

    public void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Add(option);
    }

    public TranslationOptions Read(ParseResult result)
    {
        int? beams = result.GetValue(_beams);
        if (beams is < 1)
            throw new UsageException($"--beams is {beams}; it must be at least 1.");
        if (result.GetValue(_most) is { } most and < 1)
            throw new UsageException($"--max-length is {most}; it must be at least 1.");
        result.Require(beams is not 1, "--beams above 1", _penalty);
        return new TranslationOptions
        {
            From = result.GetValue(_from),
            To = result.GetValue(_to),
            Prefix = result.GetValue(_prefix),
            Beams = beams,
            LengthPenalty = result.GetValue(_penalty),
            Iterations = AtLeastOne(result, _iterations),
            LengthCandidates = AtLeastOne(result, _lengths),
            MaxNewTokens = result.GetValue(_most),
        };
    }

    private static int? AtLeastOne(ParseResult result, Option<int?> option) => result.GetValue(option) is { } value and < 1
        ? throw new UsageException($"{option.Name} is {value}; it must be at least 1.")
        : result.GetValue(option);
}
