namespace Seriatim.Models.Tests;

/// <summary>What another model has at the same place; layers beyond those it has are its first one.</summary>
internal sealed class Copies(Model from, IWeightSource rest) : IWeightSource
{
    public Parameter Make(ParameterRequest request)
    {
        ModelParameter? found = from.Parameters.FirstOrDefault(p => p.Path == request.Path && p.Ending == request.Ending);
        string first = System.Text.RegularExpressions.Regex.Replace(request.Path, @"layers\.\d+", "layers.0");
        if (found is null && request.Path != first)
            found = from.Parameters.FirstOrDefault(p => p.Path == first && p.Ending == request.Ending);
        if (request.Path == "encoder.project_in")
            return Identity(request);
        if (found is null)
            return rest.Make(request);
        Parameter copy = request.NewParameter();
        float[] row = new float[copy.Columns];
        for (int r = 0; r < copy.Rows; r++)
        {
            found.Parameter.ReadRow(r, row);
            copy.WriteRow(r, row);
        }

        return copy;
    }

    public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

    public void Complete(NameTable names)
    {
    }

    private static Parameter Identity(ParameterRequest request)
    {
        Parameter parameter = request.NewParameter();
        for (int row = 0; row < parameter.Rows && request.IsMatrix; row++)
            parameter.WriteRow(row, [.. Enumerable.Range(0, parameter.Columns).Select(i => i == row ? 1f : 0f)]);
        return parameter;
    }
}
