using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Tokenizers;

/// <summary>
/// The pre-tokenizer of a <c>tokenizer.json</c> as the expressions GGUF means by a name, applied one after another, matches and
/// what lies between them being pieces: written as one, two definitions that cut alike are equal.
/// </summary>
internal static class PretokenizerDefinition
{
    /// <summary>Contractions as llama.cpp spells them, and as expressions have them that ignore case.</summary>
    private static readonly (string Spelled, string AnyCase)[] Contractions =
    [
        ("(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])", "(?i:'s|'t|'re|'ve|'m|'ll|'d)"),
        ("(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])", "(?i:[sdmt]|ll|ve|re)"),
    ];

    /// <summary>GPT-2's expression.</summary>
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";

    private const string Rest = @"|\s+";

    /// <summary>The expressions of a pre-tokenizer.</summary>
    /// <exception cref="TokenizerFormatException">It has a step that no expression says.</exception>
    public static IReadOnlyList<string> Read(JsonElement pretokenizer, string file)
    {
        var patterns = new List<string>();
        bool bytes = false;
        foreach (JsonElement step in Steps(pretokenizer))
        {
            string type = step.GetProperty("type").GetString() ?? "";
            TokenizerFormatException Refused(string what) => new(file, $"pre_tokenizer.{type}",
                $"{what}, which GGUF files cannot say; keep the folder for this model.");
            if (bytes)
            {
                throw Refused("cuts again what is already spelled in bytes");
            }

            switch (type)
            {
                case "ByteLevel" when Flag(step, "add_prefix_space", true):
                    throw Refused("puts a blank in front (add_prefix_space)");
                case "ByteLevel":
                    bytes = true;
                    patterns.AddRange(Flag(step, "use_regex", true) ? [Gpt2] : Array.Empty<string>());
                    break;
                case "Digits":
                    patterns.Add(Flag(step, "individual_digits", false) ? @"\p{N}" : @"\p{N}+");
                    break;
                case "Split" when step.GetProperty("pattern").TryGetProperty("Regex", out JsonElement regex):
                    string pattern = Canonical(regex.GetString() ?? "");
                    bool inverted = Flag(step, "invert", false);
                    string behavior = step.GetProperty("behavior").GetString() ?? "";

                    // Dropping what does not match is the same where everything matches.
                    bool everything = pattern.EndsWith(Rest, StringComparison.Ordinal);
                    if (!(behavior == "Isolated" || (behavior == "Removed" && inverted && everything)))
                    {
                        throw Refused($"has behavior {behavior}{(inverted ? ", inverted" : "")}");
                    }

                    patterns.Add(pattern);
                    break;
                default:
                    throw Refused("is a step of its own kind");
            }
        }

        return bytes ? patterns : throw new TokenizerFormatException(file, "pre_tokenizer",
            "does not spell words in bytes (ByteLevel), as GGUF files of BPE do; keep the folder for this model.");
    }

    /// <summary>
    /// An expression with contractions that ignore case in place of the spelled ones. The two differ in one text: without regard
    /// to case a long s (U+017F) behind an apostrophe is a contraction.
    /// </summary>
    public static string IgnoringCase(string pattern) => Contractions.Aggregate(pattern,
        (text, pair) => text.Replace(pair.Spelled, pair.AnyCase, StringComparison.Ordinal));

    /// <summary>One spelling for expressions that match alike.</summary>
    public static string Canonical(string pattern)
    {
        string text = pattern.Replace(@"]?+\p{L}+", @"]?\p{L}+", StringComparison.Ordinal)
            .Replace(@"[^\s\p{L}\p{N}]++", @"[^\s\p{L}\p{N}]+", StringComparison.Ordinal)
            .Replace(@"\p{N}{1}", @"\p{N}", StringComparison.Ordinal)
            .Replace("'(?:[sdmt]|ll|ve|re)| ?", "'s|'t|'re|'ve|'m|'ll|'d| ?", StringComparison.Ordinal)
            .Replace("\r", @"\r", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);

        // What the last alternative would match lies between matches anyway.
        return text == Gpt2 + Rest ? Gpt2 : text;
    }

    /// <summary>The expressions as the pre-tokenizer of a <c>tokenizer.json</c>.</summary>
    public static JsonNode Write(IReadOnlyList<string> patterns)
    {
        static JsonObject ByteLevel(bool useRegex) => new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = useRegex,
        };
        bool gpt2 = patterns is [.., var last] && Canonical(last) == Gpt2;
        var steps = new JsonArray();
        foreach (string pattern in gpt2 ? patterns.SkipLast(1) : patterns)
        {
            steps.Add((JsonNode)new JsonObject
            {
                ["type"] = "Split",
                ["pattern"] = new JsonObject { ["Regex"] = pattern },
                ["behavior"] = "Isolated",
                ["invert"] = false,
            });
        }

        steps.Add((JsonNode)ByteLevel(gpt2));
        return steps.Count == 1 ? ByteLevel(gpt2) : new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = steps };
    }

    private static IEnumerable<JsonElement> Steps(JsonElement node) => node.ValueKind != JsonValueKind.Object ? []
        : node.GetProperty("type").GetString() == "Sequence" ? node.GetProperty("pretokenizers").EnumerateArray()
            .SelectMany(Steps) : [node];

    private static bool Flag(JsonElement node, string name, bool otherwise) =>
        node.TryGetProperty(name, out JsonElement value)
            && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : otherwise;
}
