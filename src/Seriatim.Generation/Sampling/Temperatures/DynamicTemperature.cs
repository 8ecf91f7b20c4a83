namespace Seriatim.Generation;

/// <summary>
/// A temperature that follows the entropy (llama.cpp: <c>dynatemp</c>): <c>min + (max - min) · (entropy / log
/// candidates)^exponent</c> with min = max(0, temperature - range), max = temperature + range.
/// </summary>
/// <param name="Range">Above 0.</param>
/// <param name="Exponent">Above 0.</param>
public sealed record DynamicTemperature(float Range, float Exponent = 1);
