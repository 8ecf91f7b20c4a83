namespace Seriatim.Generation;

/// <summary>
/// Exclude top choices (llama.cpp): sometimes all tokens above a probability but the least probable of them are dropped.
/// </summary>
/// <param name="Probability">How often, above 0 and up to 1.</param>
/// <param name="Threshold">Above 0 and up to 0.5; two tokens cannot both be above more.</param>
public sealed record XtcOptions(float Probability, float Threshold = 0.1f);
