namespace Seriatim;

/// <summary>A class and how probable it is.</summary>
/// <param name="Index">Its number in the model.</param>
/// <param name="Label">Its name in the model's config, or <c>LABEL_n</c>.</param>
/// <param name="Probability">Its probability.</param>
public sealed record ClassProbability(int Index, string Label, double Probability);
