namespace Seriatim.Models;

/// <summary>
/// Something of the tokens that each layer is given directly: of token t in layer l
/// <c>(norm(s · W_l x_t) + g · table_l[t]) / sqrt(2)</c> with the scaled embedding x. A layer ends with
/// <c>x + norm(project(f(gate(x)) · input))</c> (Gemma 3n, Gemma 4: per-layer embeddings).
/// </summary>
/// <param name="Vocabulary">Rows of the table.</param>
/// <param name="Width">Features of an input, P.</param>
/// <param name="Activation">f.</param>
/// <param name="Norm">Both norms.</param>
public sealed record LayerInputSpec(int Vocabulary, int Width, Activation Activation, NormSpec Norm);
