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

    private readonly TableFlags _table = new(sampler => sampler.Stage == SamplerStage.Score);
    private readonly Option<int> _last = Flag.Of("Tokens the penalties look back; -1: all.", "n", 64, "--repeat-last-n");
    private readonly Option<string[]> _dryBreakers = Flag.Many(
        "Don't repeat yourself: no repetition extends over this text; may be given again; none: no breakers "
            + "(default: line end, :, \", *).", "text", "--dry-sequence-breaker");
    private (Tokenizer Tokenizer, int[] Ids)? _breakers;

    public IEnumerable<Option> All => [.. _table.All, _last, _dryBreakers];

    /// <param name="result">The command line.</param>
    /// <param name="tokenizer">For texts.</param>
    /// <param name="usual">What was not given is as the model has it.</param>
    public PenaltyOptions Read(ParseResult result, Tokenizer tokenizer, PenaltyOptions usual)
    {
        PenaltyOptions penalties = _table.Apply(result, new() { Penalties = usual }).Penalties;
        bool isGiven = result.IsGiven(_last) || _table.IsGiven(result, "Penalties.Repetition");
        int? last = result.GetValue(_last) is var n && n == -1 ? null : n;
        penalties = penalties with { LastN = usual.Repetition != 1 && !isGiven ? usual.LastN : last };
        bool looksBack = penalties is not { Repetition: 1, Presence: 0, Frequency: 0 };
        result.Require(looksBack, "--repeat-penalty, --presence-penalty or --frequency-penalty", _last);
        result.Require(penalties.Dry is not null, "--dry-multiplier", _dryBreakers);
        if (penalties.Dry is not { } dry)
            return penalties;
        string[] breakers = result.GetValue(_dryBreakers) is { Length: > 0 } given ? given : UsualBreakers;
        return penalties with { Dry = dry with { Breakers = Breakers(tokenizer, breakers) } };
    }

    /// <summary>All tokens with one of the texts in them, as in llama.cpp. The same for all prompts of a run.</summary>
    private int[] Breakers(Tokenizer tokenizer, string[] texts)
    {
        if (texts is ["none"])
            return [];
        if (_breakers is { } known && known.Tokenizer == tokenizer)
            return known.Ids;
        var ids = new List<int>();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            string text = TokenText.Of(tokenizer, id);
            if (Array.Exists(texts, breaker => text.Contains(breaker, StringComparison.Ordinal)))
                ids.Add(id);
        }

        _breakers = (tokenizer, [.. ids]);
        return _breakers.Value.Ids;
    }
}
