namespace Seriatim.Models;

/// <summary>How a file writes the values of a tensor, where that is not the values themselves.</summary>
public abstract record ValueForm
{
    private ValueForm()
    {
    }

    /// <summary>What the file holds for a value of the model.</summary>
    public abstract float ToFile(float value);

    /// <summary>The model's value for what a file holds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No value is written like that.</exception>
    public abstract float FromFile(float value);

    /// <summary>The file adds to each value (GGUF files of the Gemma family hold 1 + w).</summary>
    /// <param name="Term">What is added.</param>
    public sealed record Plus(float Term) : ValueForm
    {
        /// <inheritdoc/>
        public override float ToFile(float value) => value + Term;

        /// <inheritdoc/>
        public override float FromFile(float value) => value - Term;
    }

    /// <summary>
    /// The file holds the rates of a state space model and the model their logarithms: <c>-exp(A_log)</c>. Rates come back with
    /// their bits (<see cref="ScanRates"/>); of their logarithms several may have one rate.
    /// </summary>
    public sealed record Rates : ValueForm
    {
        /// <inheritdoc/>
        public override float ToFile(float value) => ScanRates.Of(value);

        /// <inheritdoc/>
        public override float FromFile(float value) => ScanRates.LogOf(value);
    }
}
