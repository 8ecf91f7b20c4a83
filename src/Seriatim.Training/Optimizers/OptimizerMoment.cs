namespace Seriatim.Training;

/// <summary>A running average that an optimizer keeps of one parameter, in the parameter's memory order.</summary>
public sealed class OptimizerMoment : IDisposable
{
    internal OptimizerMoment(string kind, Parameter parameter)
    {
        (Kind, Parameter) = (kind, parameter);
        Values = Tensor.Zeros(parameter.Data.Rows, parameter.Data.Columns);
    }

    /// <summary>What it is an average of, e.g. <c>exp_avg</c>.</summary>
    public string Kind { get; }

    /// <summary>Whose moment it is.</summary>
    public Parameter Parameter { get; }

    /// <summary>Its elements, in the layout of <see cref="Parameter.Data"/>.</summary>
    public Tensor Values { get; }

    /// <summary>Name in a checkpoint: kind and parameter.</summary>
    public string Name => $"{Kind}.{Parameter.Name}";

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
