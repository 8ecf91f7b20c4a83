using System.CommandLine;
using System.Globalization;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>Tokens that are favoured, forbidden or prescribed.</summary>
internal sealed class ConstraintFlags
{
    private readonly Option<string[]> _bias = Flag.Many(
        "Add to the logit of a token: ID+BIAS or ID-BIAS, e.g. 15+2, 15-1.5, 15-inf; may be given again.", "bias",
        "--logit-bias", "-l");
    private readonly Option<string[]> _badWords =
        Flag.Many("A text that must not come; may be given again.", "text", "--bad-words");
    private readonly Option<string?> _suppressed =
        Flag.Maybe<string>("Token ids that cannot be chosen, e.g. 3,17.", "ids", "--suppress-tokens");
    private readonly Option<string?> _allowed =
        Flag.Maybe<string>("The only token ids that can be chosen, e.g. 3,17.", "ids", "--allowed-tokens");
    private readonly Option<string?> _prefix =
        Flag.Maybe<string>("The continuation must begin with this text.", "text", "--forced-prefix");

    private readonly GrammarFlags _grammar = new();

    public IEnumerable<Option> All => [_bias, _badWords, _suppressed, _allowed, _prefix, .. _grammar.All];

    public GenerationRequest Apply(ParseResult result, Tokenizer tokenizer, GenerationRequest request) => request with
    {
        ForcedPrefix = result.GetValue(_prefix) is { } prefix ? tokenizer.Encode(prefix, addSpecialTokens: false) : [],
        Sampling = request.Sampling with
        {
            Grammar = _grammar.Read(result),
            Constraints = new TokenConstraints
            {
                LogitBias = Biases(result.GetValue(_bias) ?? []),
                BadWords = BadWords(tokenizer, result.GetValue(_badWords) ?? []),
                Suppressed = result.Ids(_suppressed) ?? [],
                Allowed = result.Ids(_allowed),
            },
        },
    };

    private static Dictionary<int, float> Biases(string[] texts)
    {
        var biases = new Dictionary<int, float>();
        foreach (string text in texts)
        {
            int sign = text.IndexOfAny(['+', '-']);
            if (sign < 1 || !int.TryParse(text.AsSpan(0, sign), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || Bias(text[sign..]) is not { } bias)
            {
                throw new UsageException($"--logit-bias is '{text}'; ID+BIAS or ID-BIAS is needed, e.g. 15+2 or 15-inf.");
            }
            if (!biases.TryAdd(id, bias))
                throw new UsageException($"--logit-bias is given twice for token {id}.");
        }

        return biases;
    }

    private static float? Bias(string text) => text == "-inf" ? float.NegativeInfinity
        : float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value)
            && float.IsFinite(value) ? value : null;

    /// <summary>A word is spelled differently at the start of a text and after a blank; neither may come.</summary>
    private static List<IReadOnlyList<int>> BadWords(Tokenizer tokenizer, string[] words)
    {
        var sequences = new List<IReadOnlyList<int>>();
        foreach (string word in words)
        {
            foreach (string spelling in new[] { word, " " + word })
            {
                int[] ids = tokenizer.Encode(spelling, addSpecialTokens: false);
                if (ids.Length == 0)
                    throw new UsageException($"--bad-words is '{word}', which has no tokens.");
                if (!sequences.Any(known => known.SequenceEqual(ids)))
                    sequences.Add(ids);
            }
        }

        return sequences;
    }
}
