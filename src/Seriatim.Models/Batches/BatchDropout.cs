namespace Seriatim.Models;

/// <summary>
/// Dropout of one forward pass. Which elements are dropped follows from the key, the layer and the place in it, the row of the
/// batch and the column: running a layer again drops the same ones.
/// </summary>
/// <param name="Rates">How much, where.</param>
/// <param name="Key">Another number for every pass: of a step, a stack, a piece of the step.</param>
public sealed record BatchDropout(DropoutRates Rates, ulong Key);
