namespace Seriatim.Models;

/// <summary>The shape of a linear weight.</summary>
/// <param name="Outputs">Features that it makes.</param>
/// <param name="Inputs">Features that it reads.</param>
public readonly record struct LinearShape(int Outputs, int Inputs);
