using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// What <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>, <c>added_tokens.json</c> and <c>chat_template.jinja</c> say
/// beside a vocabulary.
/// </summary>
internal sealed class TokenizerConfig
{
    private static readonly string[] BosClasses = ["Llama", "Gemma", "CodeLlama", "Cohere"];

    private readonly Dictionary<string, string> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourceNode> _flags = new(StringComparer.Ordinal);
    private readonly List<string> _moreSpecial = [];
    private readonly List<AddedToken> _added = [];
    private readonly Dictionary<string, string> _templates = new(StringComparer.Ordinal);

    /// <summary>The keys of tokens with a role.</summary>
    public static IReadOnlyList<string> RoleNames { get; } =
        ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    /// <summary>
    /// The class named by <c>tokenizer_config.json</c> or else <c>config.json</c>, e.g. <c>LlamaTokenizer</c> (without
    /// <c>Fast</c>, which says nothing about the tokens); empty if none.
    /// </summary>
    public string Class { get; private set; } = "";

    /// <summary>The <c>model_type</c> of <c>config.json</c>; empty if there is none.</summary>
    public string ModelType { get; private set; } = "";

    /// <summary>Tokens named as special without a role.</summary>
    public IReadOnlyList<string> MoreSpecial => _moreSpecial;

    /// <summary>Whether a beginning of sequence is added, if the file says.</summary>
    public bool? AddBos { get; private set; }

    /// <summary>Whether an end of sequence is added, if the file says.</summary>
    public bool? AddEos { get; private set; }

    /// <summary>Whether text is lower-cased (vocab.txt), if the file says.</summary>
    public bool? Lowercase { get; private set; }

    /// <summary>Whether accents are stripped (vocab.txt), if the file says.</summary>
    public bool? StripAccents { get; private set; }

    /// <summary>Whether ideographs stand alone (vocab.txt).</summary>
    public bool PadIdeographs { get; private set; } = true;

    /// <summary>Whether a blank is put in front (vocab.json + merges.txt, SentencePiece), if the file says.</summary>
    public bool? AddPrefixSpace { get; private set; }

    /// <summary>Tokens the files add to the vocabulary.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _added;

    /// <summary>Reads the files of a folder; null when there is none of them.</summary>
    public static TokenizerConfig? Read(string folder)
    {
        var config = new TokenizerConfig();
        bool any = false;
        any |= With(folder, "special_tokens_map.json", config.ReadTokens);
        any |= With(folder, "tokenizer_config.json", config.ReadConfig);
        any |= With(folder, "added_tokens.json", config.ReadAdded);
        any |= With(folder, "config.json", config.ReadModelConfig);
        string template = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(template))
        {
            config._templates["default"] = Encoding.UTF8.GetString(TokenizerFiles.ReadBytes(template)).TrimStart('\uFEFF');
            any = true;
        }

        return any ? config : null;
    }

    /// <summary>Reads a <c>tokenizer_config.json</c> from memory.</summary>
    public static TokenizerConfig FromJson(ReadOnlyMemory<byte> utf8, string file)
    {
        var config = new TokenizerConfig();
        config.ReadConfig(SourceNode.Parse(utf8, file));
        return config;
    }

    /// <summary>The content of a token by role (<c>bos_token</c> ...), or null.</summary>
    public string? TokenOf(string role) => _tokens.GetValueOrDefault(role);

    /// <summary>Adds roles, template and the like to a pipeline.</summary>
    public TokenizerPipeline Apply(TokenizerPipeline pipeline)
    {
        var contents = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (AddedToken token in pipeline.AddedTokens)
        {
            contents[token.Content] = token.Id;
        }

        int? IdOf(string role) => TokenOf(role) is not { } content ? null
            : contents.TryGetValue(content, out int id) || pipeline.Model.Vocabulary.TryGetId(content, out id) ? id : null;

        SpecialTokens old = pipeline.SpecialTokens;
        var roles = new SpecialTokens
        {
            Bos = IdOf("bos_token") ?? old.Bos,
            Eos = IdOf("eos_token") ?? old.Eos,
            Pad = IdOf("pad_token") ?? old.Pad,
            Unk = IdOf("unk_token") ?? old.Unk,
            Sep = IdOf("sep_token") ?? old.Sep,
            Cls = IdOf("cls_token") ?? old.Cls,
            Mask = IdOf("mask_token") ?? old.Mask,
        };
        bool decides = BosClasses.Any(name => Class.StartsWith(name, StringComparison.Ordinal)) && (AddBos ?? AddEos) is not null;
        return pipeline with
        {
            SpecialTokens = roles,
            PostProcessor = decides ? Around(roles, pipeline.PostProcessor) : pipeline.PostProcessor,
            ChatTemplate = _templates.GetValueOrDefault("default") ?? pipeline.ChatTemplate,
            NamedChatTemplates = _templates,
        };
    }

    /// <summary>The layout that <c>add_bos_token</c> (true if not given) and <c>add_eos_token</c> ask for.</summary>
    public PostProcessor Around(SpecialTokens roles, PostProcessor? old = null) => PostProcessor.Around(
        AddBos != false && roles.Bos is { } bos ? [bos] : [], AddEos == true && roles.Eos is { } eos ? [eos] : [],
        old?.TrimOffsets ?? false);

    private static bool With(string folder, string name, Action<SourceNode> read)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            return false;
        }

        read(SourceNode.Parse(TokenizerFiles.ReadBytes(path), path));
        return true;
    }

    private void ReadTokens(SourceNode root)
    {
        foreach ((string name, SourceNode value) in root.Members())
        {
            if (name.EndsWith("_token", StringComparison.Ordinal) && (value.IsString || value["content"].IsString))
            {
                _tokens[name] = value.IsString ? value.Text() : value["content"].Text();
                _flags[_tokens[name]] = value;
            }
        }

        if (root["additional_special_tokens"].Exists)
        {
            foreach (SourceNode token in root["additional_special_tokens"].Items())
            {
                string content = token.IsString ? token.Text() : token["content"].Text();
                _moreSpecial.Add(content);
                _flags[content] = token;
            }
        }
    }

    /// <summary>A token with the flags that its mention in the files has, if it has any.</summary>
    public AddedToken WithFlags(AddedToken token) =>
        !_flags.TryGetValue(token.Content, out SourceNode node) || !node.IsObject ? token
            : token with
            {
                LeftStrip = node["lstrip"].Flag(token.LeftStrip),
                RightStrip = node["rstrip"].Flag(token.RightStrip),
                SingleWord = node["single_word"].Flag(token.SingleWord),
            };

    private void ReadModelConfig(SourceNode root)
    {
        Class = Class.Length > 0 ? Class : Bare(root["tokenizer_class"].Text(""));
        ModelType = root["model_type"].Text("");
    }

    /// <summary>A class without <c>Fast</c>; the fast class of no model in particular is none.</summary>
    private static string Bare(string name) =>
        name is "PreTrainedTokenizerFast" or "TokenizersBackend" ? ""
            : name.EndsWith("TokenizerFast", StringComparison.Ordinal) ? name[..^4] : name;

    private void ReadConfig(SourceNode root)
    {
        ReadTokens(root);
        Class = Bare(root["tokenizer_class"].Text(""));
        AddBos = Flag(root["add_bos_token"]);
        AddEos = Flag(root["add_eos_token"]);
        Lowercase = Flag(root["do_lower_case"]);
        StripAccents = Flag(root["strip_accents"]);
        PadIdeographs = root["tokenize_chinese_chars"].Flag(true);
        AddPrefixSpace = Flag(root["add_prefix_space"]);
        if (root["added_tokens_decoder"].Exists)
        {
            foreach ((string id, SourceNode token) in root["added_tokens_decoder"].Members())
            {
                _added.Add(TokenizerJson.AddedTokenOf(token,
                    int.TryParse(id, out int value) ? value : throw token.Error($"\"{id}\" is not an id")));
            }
        }

        SourceNode template = root["chat_template"];
        if (template.IsString)
        {
            _templates["default"] = template.Text();
        }
        else if (template.IsObject)
        {
            foreach ((string name, SourceNode source) in template.Members())
            {
                _templates[name] = source.Text();
            }
        }
        else if (template.Exists)
        {
            foreach (SourceNode named in template.Items())
            {
                _templates[named["name"].Text()] = named["template"].Text();
            }
        }
    }

    private void ReadAdded(SourceNode root)
    {
        foreach ((string content, SourceNode id) in root.Members())
        {
            if (_added.Find(token => token.Content == content) is { } known)
            {
                if (known.Id != id.Int())
                {
                    throw id.Error($"\"{content}\" has id {id.Int()}, but {known.Id} in tokenizer_config.json",
                        "the files must come from the same model.");
                }

                continue;
            }

            // As in transformers: what has a role steers the model; only plain text is looked for after normalization.
            bool special = _tokens.ContainsValue(content) || _moreSpecial.Contains(content);
            _added.Add(WithFlags(new AddedToken { Id = id.Int(), Content = content, Special = special, Normalized = !special }));
        }
    }

    private static bool? Flag(SourceNode node) => node.Exists ? node.Flag(false) : null;
}
