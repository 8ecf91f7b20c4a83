namespace Seriatim.Tokenizers;

/// <summary>Reads the <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class PretokenizerReader
{
    /// <summary>Reads a pre-tokenizer; null for none.</summary>
    public static IPretokenizer? Read(SourceNode node)
    {
        if (!node.Exists)
        {
            return null;
        }

        string type = node["type"].Text();
        switch (type)
        {
            case "Sequence":
                return new SequencePretokenizer(node["pretokenizers"].Items().Select(Read).OfType<IPretokenizer>().ToArray());
            case "ByteLevel":
                return new ByteLevelPretokenizer(node["add_prefix_space"].Flag(true), node["use_regex"].Flag(true));
            case "Split":
                return new SplitPretokenizer(PatternReader.Read(node["pattern"]), Behavior(node["behavior"]),
                    node["invert"].Flag(false));
            case "Metaspace":
                return new MetaspacePretokenizer(node["replacement"].Char('\u2581'), Scheme(node), node["split"].Flag(true));
            case "Whitespace":
                return new WhitespacePretokenizer();
            case "UnicodeScripts":
                return new ScriptPretokenizer();
            case "WhitespaceSplit":
                return ClassPretokenizer.WhitespaceSplit;
            case "Punctuation":
                return new ClassPretokenizer(ClassPretokenizer.IsPunctuation,
                    node["behavior"].Exists ? Behavior(node["behavior"]) : SplitBehavior.Isolated);
            case "Digits":
                return new ClassPretokenizer(ClassPretokenizer.IsNumeric,
                    node["individual_digits"].Flag(false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
            case "BertPreTokenizer":
                return new SequencePretokenizer(
                    [ClassPretokenizer.WhitespaceSplit, new ClassPretokenizer(ClassPretokenizer.IsPunctuation,
                        SplitBehavior.Isolated)]);
            case "CharDelimiterSplit":
                char delimiter = node["delimiter"].Char(' ');
                return new ClassPretokenizer(rune => rune.Value == delimiter, SplitBehavior.Removed);
            default:
                throw node.Unknown("pre-tokenizer", type);
        }
    }

    /// <summary>
    /// The prepend scheme of a Metaspace pre-tokenizer or decoder; older files say it with <c>add_prefix_space</c>.
    /// </summary>
    public static PrependScheme Scheme(SourceNode node)
    {
        if (node["add_prefix_space"].Exists && !node["add_prefix_space"].Flag(true))
        {
            return PrependScheme.Never;
        }

        string scheme = node["prepend_scheme"].Text("always");
        return scheme switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw node["prepend_scheme"].Unknown("prepend scheme", scheme),
        };
    }

    private static SplitBehavior Behavior(SourceNode node)
    {
        string behavior = node.Text();
        return behavior switch
        {
            "Removed" => SplitBehavior.Removed,
            "Isolated" => SplitBehavior.Isolated,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            _ => throw node.Unknown("split behavior", behavior),
        };
    }
}
