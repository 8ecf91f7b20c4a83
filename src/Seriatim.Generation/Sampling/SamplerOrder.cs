namespace Seriatim.Generation;

/// <summary>In which order temperature and truncation are applied; everything before them is the same in both.</summary>
public enum SamplerOrder
{
    /// <summary>temperature, top_n_sigma, top_k, top_p, min_p, typical_p, epsilon, eta, xtc (transformers 4.46).</summary>
    HuggingFace,

    /// <summary>
    /// top_n_sigma, top_k, typical_p, top_p, min_p, epsilon, eta, xtc, temperature (the default chain of llama.cpp).
    /// </summary>
    LlamaCpp,
}
