namespace Seriatim.Generation;

/// <summary>Mirostat 2 (Basu et al., 2021, algorithm 2): keeps the surprise near a target; replaces all truncation.</summary>
/// <param name="Tau">Target surprise in bits, above 0.</param>
/// <param name="Eta">Learning rate, above 0.</param>
public sealed record MirostatOptions(float Tau = 5, float Eta = 0.1f);
