namespace Seriatim.Models;

/// <summary>Puts parameters back together into the tensors of a checkpoint: the way of loading, backwards.</summary>
public static class CheckpointExporter
{
    /// <summary>All tensors with the parameters' values, in the order of their first parameter.</summary>
    public static IEnumerable<ExportedTensor> Data(IReadOnlyList<ModelParameter> parameters) =>
        Export(parameters, (parameter, row, values) => parameter.ReadRow(row, values), formed: true);

    /// <summary>
    /// All tensors with the parameters' gradients; zeros where there is none. Constants are left
    /// out, and so is what a file adds to values.
    /// </summary>
    public static IEnumerable<ExportedTensor> Gradients(IReadOnlyList<ModelParameter> parameters) =>
        Export(
            [.. parameters.Where(p => !p.IsConstant)], (parameter, row, values) => parameter.ReadGradientRow(row, values),
            formed: false);

    /// <summary>Names and shapes of all tensors, without their values.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Shapes(IReadOnlyList<ModelParameter> parameters) =>
        parameters.GroupBy(p => p.Place.Name).SelectMany(
            tensor => Pieces(tensor.First().Place, tensor.Key, Shape(tensor.First())));

    private delegate void RowReader(Parameter parameter, int row, Span<float> values);

    private static IEnumerable<ExportedTensor> Export(IReadOnlyList<ModelParameter> parameters, RowReader read, bool formed)
    {
        foreach (IGrouping<string, ModelParameter> tensor in parameters.GroupBy(p => p.Place.Name))
        {
            IReadOnlyList<long> shape = Shape(tensor.First());
            double count = shape.Aggregate(1.0, (product, size) => product * size);
            if (count > Array.MaxLength)
            {
                throw new OverflowException(
                    $"{tensor.Key} has {count} elements; a tensor of at most {Array.MaxLength} can be written.");
            }
            float[] values = new float[(int)count];
            foreach (ModelParameter part in tensor)
                Place(part, values, read, formed ? part.Place.Form : null);
            int first = 0;
            foreach ((string name, IReadOnlyList<long> own) in Pieces(tensor.First().Place, tensor.Key, shape))
            {
                int length = (int)own.Aggregate(1L, (product, size) => product * size);
                yield return new ExportedTensor(name, own, length == values.Length ? values : values[first..(first + length)]);
                first += length;
            }
        }
    }

    /// <summary>The tensors that a vector lies in: itself, as a rule.</summary>
    private static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Pieces(
        TensorPlace place, string name, IReadOnlyList<long> shape) => place.Pieces == 0
        ? [(name, shape)]
        : Enumerable.Range(0, place.Pieces).Select(
            i => (place.PieceName(i), (IReadOnlyList<long>)[shape[0] / place.Pieces]));

    private static int FileRows(ModelParameter parameter) =>
        parameter.Place.Rows?.Total ?? (parameter.IsVector ? parameter.Parameter.Columns : parameter.Parameter.Rows);

    private static IReadOnlyList<long> Shape(ModelParameter parameter)
    {
        int rows = FileRows(parameter);
        if (parameter.Place.Shape is { } shape)
            return shape;
        if (parameter.IsVector)
            return parameter.Path == "head.constant_bias" ? [1, rows] : parameter.Place.FileShape(rows, null); // as BART has it
        return parameter.Place.FileShape(rows, parameter.Parameter.Columns);
    }

    private static void Place(ModelParameter part, float[] values, RowReader read, ValueForm? form)
    {
        int rows = FileRows(part);
        float[] row = new float[part.Parameter.Columns];
        for (int r = 0; r < part.Parameter.Rows; r++)
        {
            read(part.Parameter, r, row);
            for (int c = 0; c < row.Length; c++)
            {
                long at = part.IsVector ? part.Place.FileRow(c) : part.Place.Offset(r, c, row.Length, rows);
                values[at] = form?.ToFile(row[c]) ?? row[c];
            }
        }
    }
}
