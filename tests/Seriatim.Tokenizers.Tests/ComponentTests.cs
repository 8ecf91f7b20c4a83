using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>The components of tokenizer.json one by one, with results the Hugging Face documentation and tests give.</summary>
public sealed class ComponentTests
{
    [Theory]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Removed","invert":false}""", "the-final--countdown", "the|final|countdown")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated"}""", "the-final--countdown", "the|-|final|-|-|countdown")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithPrevious"}""", "the-final--countdown", "the-|final-|-|countdown")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithNext"}""", "the-final--countdown", "the|-final|-|-countdown")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Contiguous"}""", "the-final--countdown", "the|-|final|--|countdown")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+|[^\\w\\s]+"},"behavior":"Removed","invert":true}""", "How are you doing?", "How|are|you|doing|?")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+|[^\\w\\s]+"},"behavior":"MergedWithPrevious","invert":true}""", "How are you doing?", "How |are |you |doing|?")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+|[^\\w\\s]+"},"behavior":"MergedWithNext","invert":true}""", "How are you doing?", "How| are| you| doing|?")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+|[^\\w\\s]+"},"behavior":"Contiguous","invert":true}""", "How are you doing?", "How| |are| |you| |doing?")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}+"},"behavior":"Isolated"}""", "a1234", "a|1234")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\s?\\p{P}+"},"behavior":"Isolated"}""", "Hello </s><s>[I] x", "Hello <|/|s><s>|[|I|]| x")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated"}""", "a\u200Cb½ Ⓐ🅰²", "a|\u200C|b½| |Ⓐ🅰²")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"[[:punct:][:blank:]]"},"behavior":"Isolated"}""", "a+b. c", "a|+|b|.| |c")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"[[:^alpha:]]+"},"behavior":"Isolated"}""", "a12b Ⓐ", "a|12|b| |Ⓐ")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"[a-c[x-z]]+"},"behavior":"Isolated"}""", "abxdy[", "abx|d|y|[")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(?i:'s)"},"behavior":"Isolated"}""", "a'Sb'ſc", "a|'S|b|'ſ|c")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"'(?i:[sdmt]|ll|ve|re)"},"behavior":"Isolated"}""", "a'Sb'ſc'ReſK", "a|'S|b|'ſ|c|'Re|ſK")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(?i:[a-s])"},"behavior":"Removed"}""", "a'ſK Tst\u212A:", "'| T|t|:")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(?i:[^s])"},"behavior":"Removed"}""", "a'ſb'Ssß", "ſ|Ss")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(?i:[^a-z])"},"behavior":"Removed"}""", "'ſK é\u212Ax", "ſK|\u212Ax")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(?i:ſ)|(?i:[s-t])"},"behavior":"Removed"}""", "aSſtsb", "a|b")]
    [InlineData("""{"type":"Whitespace"}""", "می\u200Cخواهم x-y", "می\u200Cخواهم|x|-|y")]
    [InlineData("""{"type":"UnicodeScripts"}""", " Apples are りんご 林檎。Yes", "Apples are |りんご 林檎|。|Yes")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"[\\p{Han}]+"},"behavior":"Isolated"}""", "ab中文𠀀c", "ab|中文𠀀|c")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"[\\p{L}&&[^\\p{Han}]]+"},"behavior":"Isolated"}""", "ab中𝔘x", "ab|中|𝔘x")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(?=(\\d{3})+(?!\\d))"},"behavior":"Isolated"}""", "1234567", "1|234|567")]
    [InlineData("""{"type":"Metaspace"}""", "Hey   friend!", "▁Hey|▁|▁|▁friend!")]
    [InlineData("""{"type":"Metaspace","prepend_scheme":"never"}""", "Hey friend!", "Hey|▁friend!")]
    [InlineData("""{"type":"Metaspace","prepend_scheme":"first","split":false}""", "Hey friend!", "▁Hey▁friend!")]
    [InlineData("""{"type":"Metaspace","add_prefix_space":false}""", "Hey friend!", "Hey|▁friend!")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"always"}""", " Hey", "_Hey")]
    [InlineData("""{"type":"Whitespace"}""", "Hey man! a_b ", "Hey|man|!|a_b")]
    [InlineData("""{"type":"WhitespaceSplit"}""", " Hey man!\u00A0x\n", "Hey|man!|x")]
    [InlineData("""{"type":"Punctuation"}""", "Hey friend!     How are you?!?", "Hey friend|!|     How are you|?|!|?")]
    [InlineData("""{"type":"Punctuation","behavior":"Contiguous"}""", "a?!b", "a|?!|b")]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "Hey 123 friend!", "Hey |1|2|3| friend!")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "Hey 123 friend!", "Hey |123| friend!")]
    [InlineData("""{"type":"BertPreTokenizer"}""", "Hey friend!     How are you?!?", "Hey|friend|!|How|are|you|?|!|?")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true}""", "Hello my friend, it's 5", "ĠHello|Ġmy|Ġfriend|,|Ġit|'s|Ġ5")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""", "a é\n", "aĠÃ©Ċ")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]}""", "a12 b", "a|1|2|b")]
    [InlineData("""{"type":"CharDelimiterSplit","delimiter":"-"}""", "the-final--countdown", "the|final|countdown")]
    public void Pretokenizers(string json, string text, string expected)
    {
        var scratch = new EncodeScratch();
        scratch.Text.Load(text, 0, tracks: true);
        scratch.Pieces.Add(0, text.Length);
        PretokenizerReader.Read(Node(json))!.Split(scratch);
        var pieces = new List<string>();
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            pieces.Add(scratch.Text.Span[start..end].ToString());
        }

        Assert.Equal(expected.Split('|'), pieces);
    }

    [Theory]
    [InlineData("""{"type":"NFD"}""", "é", "e\u0301")]
    [InlineData("""{"type":"NFC"}""", "e\u0301", "é")]
    [InlineData("""{"type":"NFKC"}""", "ﬁ①\u3000", "fi1 ")]
    [InlineData("""{"type":"NFKD"}""", "ﬁé", "fie\u0301")]
    [InlineData("""{"type":"Lowercase"}""", "ÀB\u0130𐐀", "àbi\u0307𐐨")]
    [InlineData("""{"type":"StripAccents"}""", "e\u0301a\u0300", "ea")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":false}""", "  a ", "a ")]
    [InlineData("""{"type":"Strip"}""", "  a ", "a")]
    [InlineData("""{"type":"Prepend","prepend":"▁"}""", "a", "▁a")]
    [InlineData("""{"type":"Prepend","prepend":"▁"}""", "", "")]
    [InlineData("""{"type":"Replace","pattern":{"String":"''"},"content":"\""}""", "''a''", "\"a\"")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}""", "a  b c    d", "a▁b c▁d")]
    [InlineData("""{"type":"BertNormalizer","lowercase":true}""", "Héllò\thôw\u0000 你好", "hello how  你  好 ")]
    [InlineData("""{"type":"BertNormalizer","lowercase":false,"strip_accents":null}""", "Héllò", "Héllò")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]}""", "ÉÀ", "ea")]
    [InlineData("""{"type":"ByteLevel"}""", "é x", "Ã©Ġx")]
    [InlineData("""{"type":"Nmt"}""", "a\u0001b\tc\u200Bd\u00A0e\uFEFF", "ab c d\u00A0e ")]
    public void Normalizers(string json, string text, string expected)
    {
        foreach (bool tracks in new[] { false, true })
        {
            var aligned = new AlignedText();
            aligned.Load(text, 0, tracks);
            NormalizerReader.Read(Node(json))!.Normalize(aligned);
            Assert.Equal(expected, aligned.Span.ToString());
        }
    }

    [Theory]
    [InlineData("""{"type":"ByteLevel"}""", "Hello|Ġw|Ã|©|<x y>", "Hello wé<x y>")]
    [InlineData("""{"type":"Metaspace"}""", "▁Hey|▁friend!", "Hey friend!")]
    [InlineData("""{"type":"Metaspace","prepend_scheme":"never"}""", "▁Hey|▁friend!", " Hey friend!")]
    [InlineData("""{"type":"WordPiece"}""", "##uelo|Ara|##új|##o|No|##guera", "##uelo Araújo Noguera")]
    [InlineData("""{"type":"WordPiece"}""", "do|n't|,|you|?", "don't, you?")]
    [InlineData("""{"type":"WordPiece","cleanup":false}""", "a|,", "a ,")]
    [InlineData("""{"type":"BPEDecoder","suffix":"</w>"}""", "a</w>|b|c</w>", "a bc")]
    [InlineData("""{"type":"ByteFallback"}""", "<0x61>|<0xE5>|<0x8f>|<0xab>|x", "a叫x")]
    [InlineData("""{"type":"ByteFallback"}""", "<0xE5>|<0x8f>|a", "\uFFFDa")]
    [InlineData("""{"type":"Strip","content":"_","start":1,"stop":1}""", "__a__|_|b_", "_a_b")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"_","start":2,"stop":3}]}""", "_|__a_|__b__|__", "_a___b_")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Replace","pattern":{"String":"ab"},"content":"X"}]}""", "a|ba|b", "XX")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"[ab]+"},"content":"-"}""", "xab|ba|y", "x--y")]
    [InlineData("null", "a|b|c", "a b c")]
    public void Decoders(string json, string tokens, string expected)
    {
        var text = new TextStage();
        DecodeStage stage = DecoderReader.Read(Node(json)).CreateStage(text);
        foreach (string token in tokens.Split('|'))
        {
            stage.Push(token, true, true);
        }

        stage.Finish();
        Assert.Equal(expected, text.Take());
    }

    [Fact]
    public void Added_tokens_take_white_space_and_mind_words()
    {
        Tokenizer tokenizer = Tokenizer.FromJson(Encoding.UTF8.GetBytes("""
            {"added_tokens": [
              {"id": 10, "content": "<l>", "lstrip": true, "special": true}, {"id": 11, "content": "<r>", "rstrip": true,
                  "special": true},
              {"id": 12, "content": "ing", "single_word": true}, {"id": 13, "content": "<l><l>", "special": true},
              {"id": 14, "content": "YES", "normalized": true}],
             "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
             "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "going": 3}}}
            """));
        IReadOnlyList<EncodedToken> tokens = tokenizer.EncodeWithOffsets("a  <l> b<r>  going ing <l><l>yes YESb");
        Assert.Equal([1, 10, 2, 11, 3, 12, 13, 14, 14, 2], tokens.Select(token => token.Id));
        Assert.Equal([(0, 1), (1, 6), (7, 8), (8, 13), (13, 18), (19, 22), (23, 29), (29, 32), (33, 36), (36, 37)],
            tokens.Select(token => (token.Start, token.End)));
        Assert.Equal("a", tokenizer.PieceOf(1));
        Assert.Equal(13, tokenizer.IdOf("<l><l>"));
    }

    [Fact]
    public void Offsets_follow_characters_through_normalization()
    {
        Tokenizer tokenizer = Samples.WordPiece.Tokenizer;
        IReadOnlyList<EncodedToken> tokens = tokenizer.EncodeWithOffsets("我 爱\tthe", EncodeOptions.PlainText);
        Assert.Equal([(0, 1), (2, 3)], tokens.Take(2).Select(token => (token.Start, token.End)));
        Assert.Equal((4, 7), (tokens[2].Start, tokens[^1].End));
    }

    [Fact]
    public void Bpe_options_are_honoured()
    {
        static int[] Encode(string options, string text) => Tokenizer.FromJson(Encoding.UTF8.GetBytes($$"""
            {"model": {"type": "BPE", {{options}} } }
            """)).Encode(text);
        const string Vocab = "\"vocab\": {\"u\": 0, \"a\": 1, \"b\": 2, \"ab\": 3, \"abab\": 4}, \"merges\": [\"a b\"]";
        Assert.Equal([3, 3], Encode(Vocab, "abab"));
        Assert.Equal([4], Encode(Vocab + ", \"ignore_merges\": true", "abab"));

        // Without an unknown token what is unknown is dropped, and its neighbours meet.
        Assert.Equal([3], Encode(Vocab, "axxb"));
        Assert.Equal([1, 0, 0, 2], Encode(Vocab + ", \"unk_token\": \"u\"", "axxb"));
        Assert.Equal([1, 0, 2], Encode(Vocab + ", \"unk_token\": \"u\", \"fuse_unk\": true", "axxb"));
        const string Clip = "\"vocab\": {\"a\": 0, \"b</w>\": 1, \"ab</w>\": 2}, \"merges\": [[\"a\", \"b</w>\"]], \"end_of_word_suffix\": \"</w>\"";
        Assert.Equal([2], Encode(Clip, "ab"));
        const string Prefix = "\"vocab\": {\"a\": 0, \"##b\": 1, \"ab\": 2}, \"merges\": [\"a ##b\"], \"continuing_subword_prefix\": \"##\"";
        Assert.Equal([2], Encode(Prefix, "ab"));
    }

    [Fact]
    public void Roberta_lays_out_pairs()
    {
        Tokenizer tokenizer = Tokenizer.FromJson(Encoding.UTF8.GetBytes("""
            {"pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2],
                "cls": ["<s>", 0]},
             "model": {"type": "WordLevel", "unk_token": "a", "vocab": {"<s>": 0, "a": 1, "</s>": 2, "b": 3}}}
            """));
        Assert.Equal([0, 1, 2, 2, 3, 2], tokenizer.EncodePair("a", "b").Select(token => token.Id));
        Assert.Equal([1, 3], tokenizer.EncodePair("a", "b", EncodeOptions.PlainText).Select(token => token.Id));
        Assert.Equal(3, tokenizer.CountTokens("a"));
    }

    [Fact]
    public void Charsmap_replaces_the_longest_prefix()
    {
        // A double array for the one key "A" -> "a", built by hand: root, its child at offset ^ 'A', and the leaf.
        var units = new uint[512];
        units[0] = 256u << 10;
        units[256 ^ 'A'] = ((uint)((256 ^ 'A') ^ 300) << 10) | (1u << 8) | 'A';
        units[300] = 0x80000000u;
        byte[] map = [.. BitConverter.GetBytes(units.Length * 4), .. units.SelectMany(BitConverter.GetBytes), (byte)'a',
            (byte)'!', 0];
        var text = new AlignedText();
        text.Load("xAé🙂A", 0, tracks: true);
        new CharsmapNormalizer(map, "test", "map").Normalize(text);
        Assert.Equal("xa!é🙂a!", text.Span.ToString());
        Assert.Equal((1, 2), (text.OriginalStart(2), text.OriginalEnd(3)));
        Assert.Equal(6, text.OriginalEnd(text.Length));
    }

    private static SourceNode Node(string json) =>
        new(global::System.Text.Json.JsonDocument.Parse(json).RootElement, "test.json", "part");
}
