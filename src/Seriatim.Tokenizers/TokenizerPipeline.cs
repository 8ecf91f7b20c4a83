namespace Seriatim.Tokenizers;

/// <summary>The parts of a tokenizer, as a loader puts them together.</summary>
internal sealed record TokenizerPipeline
{
    /// <summary>The model.</summary>
    public required ITokenModel Model { get; init; }

    /// <summary>The normalizer, if any.</summary>
    public INormalizer? Normalizer { get; init; }

    /// <summary>The pre-tokenizer, if any.</summary>
    public IPretokenizer? Pretokenizer { get; init; }

    /// <summary>The post-processor.</summary>
    public PostProcessor PostProcessor { get; init; } = PostProcessor.None;

    /// <summary>The decoder.</summary>
    public IDecoder Decoder { get; init; } = new JoinDecoder();

    /// <summary>The added tokens.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>What the unknown token decodes to, if not to its own text.</summary>
    public string? UnkSurface { get; init; }

    /// <summary>The tokens with a role.</summary>
    public SpecialTokens SpecialTokens { get; init; } = new();

    /// <summary>The chat template's source, if any.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Named chat templates beside the main one.</summary>
    public IReadOnlyDictionary<string, string> NamedChatTemplates { get; init; } = new Dictionary<string, string>();
}
