namespace Seriatim.Training;

/// <summary>A parameter that an optimizer changes.</summary>
/// <param name="Parameter">Data and gradient, <c>[Rows, Columns]</c>.</param>
/// <param name="Decays">Whether weight decay applies.</param>
public sealed record TrainableParameter(Parameter Parameter, bool Decays)
{
    /// <summary>The parameter's name in the model, unique in it.</summary>
    public string Name => Parameter.Name;
}
