namespace Seriatim.Models;

/// <summary>
/// How matrices come into memory: from a cache of packed ones, or made of the file and then kept there; and how far that is.
/// </summary>
/// <param name="cache">The cache; null: there is none.</param>
/// <param name="bytes">Bytes of all tensors of the file.</param>
/// <param name="progress">Told the share of them that is done; null: nobody is.</param>
internal sealed class LoadWork(PackCache? cache, long bytes, IProgress<double>? progress)
{
    private long _done;

    /// <summary>Without a cache, told to nobody.</summary>
    public static LoadWork None { get; } = new(null, 0, null);

    /// <summary>A parameter from the cache, or made and filled.</summary>
    public Parameter Make(ParameterRequest request, DataType type, Action<Parameter> fill)
    {
        bool kept = request.IsMatrix && request.Device == Device.Cpu;
        if (kept && cache?.Take(request, type) is { } packed)
            return packed;
        Parameter parameter = request.NewParameter(type);
        try
        {
            fill(parameter);
        }
        catch
        {
            parameter.Dispose();
            throw;
        }

        if (kept)
            cache?.Add(request, parameter);
        return parameter;
    }

    /// <summary>A matrix in blocks from the cache, or made.</summary>
    public QuantizedMatrix MakeQuantized(
        ParameterRequest request, BlockType type, QuantizedPlacement placement, float scale, Func<QuantizedMatrix> make)
    {
        if (cache?.Take(request, type, placement, scale) is { } packed)
            return packed;
        QuantizedMatrix matrix = make();
        cache?.Add(request, matrix);
        return matrix;
    }

    /// <summary>Bytes of the file that are loaded.</summary>
    public void Done(long count)
    {
        if (progress is null)
            return;
        _done += count;
        progress.Report(bytes == 0 ? 1 : Math.Min(1, (double)_done / bytes));
    }
}
