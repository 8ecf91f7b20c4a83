namespace Seriatim.Tokenizers;

/// <summary>
/// Classes of transformers that number the pieces of a SentencePiece file anew, put other tokens around a text or prepare it in a
/// way of their own. Reading the file alone would give other ids, so they are refused by name.
/// </summary>
internal static class SentencePieceClasses
{
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "AlbertTokenizer", "BarthezTokenizer", "BartphoTokenizer", "BigBirdTokenizer", "CamembertTokenizer", "CpmTokenizer",
        "DebertaV2Tokenizer", "ErnieMTokenizer", "FNetTokenizer", "LayoutXLMTokenizer", "M2M100Tokenizer", "MBart50Tokenizer",
        "MBartTokenizer", "MLukeTokenizer", "NllbTokenizer", "PLBartTokenizer", "PegasusTokenizer", "RemBertTokenizer",
        "SeamlessM4TTokenizer", "Speech2TextTokenizer", "SpeechT5Tokenizer", "XGLMTokenizer", "XLMRobertaTokenizer",
        "XLMProphetNetTokenizer", "XLNetTokenizer",
    };

    private static readonly HashSet<string> OtherModels = new(StringComparer.Ordinal)
    {
        "albert", "big_bird", "camembert", "deberta-v2", "fnet", "layoutxlm", "m2m_100", "mbart", "nllb-moe", "pegasus", "plbart",
        "rembert", "seamless_m4t", "speech_to_text", "xglm", "xlm-roberta", "xlm-roberta-xl", "xlnet",
    };

    /// <summary>Refuses the classes that do more than the file says.</summary>
    public static void Check(TokenizerConfig? config, string file)
    {
        string? name = config?.Class is { Length: > 0 } named ? Others.Contains(named) ? named : null
            : config?.ModelType is { } type && OtherModels.Contains(type) ? type : null;
        if (name is not null)
        {
            throw new TokenizerFormatException(file, "tokenizer_class",
                $"{name} does more with this file than SentencePiece (other ids, other tokens around a text), which is not "
                + "supported; add a tokenizer.json, as transformers writes it with save_pretrained.");
        }
    }
}
