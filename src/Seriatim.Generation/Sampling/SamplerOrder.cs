namespace Seriatim.Generation;

/// <summary>
/// In which order temperature and truncation are applied; everything before them is the same in both. The guide
/// (<c>docs/guide/generation.md</c>) lists both, as the table of samplers has them.
/// </summary>
public enum SamplerOrder
{
    /// <summary>The temperature comes before all truncation (transformers 4.46).</summary>
    HuggingFace,

    /// <summary>The temperature comes after all truncation (the default chain of llama.cpp).</summary>
    LlamaCpp,
}
