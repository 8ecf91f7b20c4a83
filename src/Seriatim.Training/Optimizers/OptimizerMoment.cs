namespace Seriatim.Training;

/// <summary>What an optimizer keeps of one parameter: as a rule a running average in the parameter's memory order.</summary>
public sealed class OptimizerMoment : IDisposable
{
    private readonly bool _isWhole;

    internal OptimizerMoment(string kind, Parameter parameter)
    {
        (Kind, Parameter, Rows, Columns, _isWhole) = (kind, parameter, parameter.Rows, parameter.Columns, true);
        Values = parameter.Device.Zeros(parameter.Data.Rows, parameter.Data.Columns, lasting: true);
    }

    /// <summary>One value for each row, or each column, of the parameter.</summary>
    internal OptimizerMoment(string kind, Parameter parameter, int length)
    {
        (Kind, Parameter, Rows, Columns) = (kind, parameter, 1, length);
        Values = parameter.Device.Zeros(1, length, lasting: true);
    }

    /// <summary>What it is an average of, e.g. <c>exp_avg</c>.</summary>
    public string Kind { get; }

    /// <summary>Whose moment it is.</summary>
    public Parameter Parameter { get; }

    /// <summary>Rows in a checkpoint.</summary>
    public int Rows { get; }

    /// <summary>Columns in a checkpoint.</summary>
    public int Columns { get; }

    /// <summary>Its elements, in the layout of <see cref="Parameter.Data"/>; those of rows or columns in their order.</summary>
    public Tensor Values { get; }

    /// <summary>Name in a checkpoint: kind and parameter.</summary>
    public string Name => $"{Kind}.{Parameter.Name}";

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    /// <summary>The elements row by row, as files hold them.</summary>
    internal float[] ToRows() => _isWhole ? RowOrder.ToRows(Parameter, Values.Read().Values) : Values.ToArray();

    /// <summary>Takes elements that are given row by row.</summary>
    internal void FromRows(float[] rows)
    {
        if (!_isWhole)
        {
            Values.Device.Write(Values, rows);
            return;
        }

        float[] memory = new float[Values.Length];
        RowOrder.FromRows(Parameter, rows, memory);
        Values.Device.Write(Values, memory);
    }
}
