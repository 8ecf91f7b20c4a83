using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>
/// Penalties for repetition. Names and defaults are those of llama.cpp; what it lacks has its Hugging Face name.
/// </summary>
internal sealed class PenaltyFlags
{
    private static readonly string[] UsualBreakers = ["\n", ":", "\"", "*"];

    private readonly Option<float?> _repeat = Flag.Maybe<float?>(
        "Penalty of tokens that were there; 1: off. Default: the model's.", "x", "--repeat-penalty", "--repetition-penalty");
    private readonly Option<int> _last = Flag.Of("Tokens the penalties look back; -1: all.", "n", 64, "--repeat-last-n");
    private readonly Option<float> _presence =
        Flag.Of("Taken from each token that was generated.", "x", 0f, "--presence-penalty");
    private readonly Option<float> _frequency =
        Flag.Of("Taken from a token each time it was generated.", "x", 0f, "--frequency-penalty");
    private readonly Option<float?> _encoder = Flag.Maybe<float?>(
        "Above 1 favours tokens of the encoder's input; 1: off. Default: the model's.", "x", "--encoder-repetition-penalty");
    private readonly Option<int?> _ngram =
        Flag.Maybe<int?>("No n-gram of this size comes twice; 0: off. Default: the model's.", "n", "--no-repeat-ngram-size");
    private readonly Option<float> _dry = Flag.Of("Don't repeat yourself: strength; 0: off.", "x", 0f, "--dry-multiplier");
    private readonly Option<float> _dryBase = Flag.Of("Don't repeat yourself: growth with each token.", "x", 1.75f, "--dry-base");
    private readonly Option<int> _dryLength =
        Flag.Of("Don't repeat yourself: repetitions shorter than this are free.", "n", 2, "--dry-allowed-length");
    private readonly Option<int> _dryLast =
        Flag.Of("Don't repeat yourself: tokens to look back; -1: all.", "n", -1, "--dry-penalty-last-n");
    private readonly Option<string[]> _dryBreakers = Flag.Many(
        "Don't repeat yourself: no repetition extends over this text; may be given again; none: no breakers "
            + "(default: line end, :, \", *).", "text", "--dry-sequence-breaker");

    public IEnumerable<Option> All =>
        [_repeat, _last, _presence, _frequency, _encoder, _ngram, _dry, _dryBase, _dryLength, _dryLast, _dryBreakers];

    /// <param name="result">The command line.</param>
    /// <param name="tokenizer">For texts.</param>
    /// <param name="usual">What was not given is as the model has it.</param>
    public PenaltyOptions Read(ParseResult result, Tokenizer tokenizer, PenaltyOptions usual)
    {
        float dry = result.GetValue(_dry);
        result.Require(dry != 0, "--dry-multiplier", _dryBase, _dryLength, _dryLast, _dryBreakers);
        PenaltyOptions penalties = usual with
        {
            Repetition = result.GetValue(_repeat) ?? usual.Repetition,
            Presence = result.GetValue(_presence),
            Frequency = result.GetValue(_frequency),
            EncoderRepetition = result.GetValue(_encoder) ?? usual.EncoderRepetition,
            NoRepeatNgramSize = result.GetValue(_ngram) ?? usual.NoRepeatNgramSize,
            LastN = usual.Repetition != 1 && !result.IsGiven(_last) && !result.IsGiven(_repeat)
                ? usual.LastN
                : Last(result, _last),
            Dry = dry == 0 ? null : new DryOptions
            {
                Multiplier = dry,
                Base = result.GetValue(_dryBase),
                AllowedLength = result.GetValue(_dryLength),
                LastN = Last(result, _dryLast),
                Breakers = Breakers(tokenizer, result.GetValue(_dryBreakers) is { Length: > 0 } given ? given : UsualBreakers),
            },
        };
        bool looksBack = penalties is not { Repetition: 1, Presence: 0, Frequency: 0 };
        result.Require(looksBack, "--repeat-penalty, --presence-penalty or --frequency-penalty", _last);
        return penalties;
    }

    private static int? Last(ParseResult result, Option<int> option) =>
        result.GetValue(option) is var last && last == -1 ? null : last;

    /// <summary>All tokens with one of the texts in them, as in llama.cpp.</summary>
    private static int[] Breakers(Tokenizer tokenizer, string[] texts)
    {
        if (texts is ["none"])
            return [];
        return [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(id =>
        {
            string text = TokenText.Of(tokenizer, id);
            return texts.Any(breaker => text.Contains(breaker, StringComparison.Ordinal));
        })];
    }
}
