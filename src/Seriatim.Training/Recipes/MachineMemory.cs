namespace Seriatim.Training;

/// <summary>The memory of this machine, or of the container: what a run is compared with before it starts.</summary>
/// <param name="Total">Bytes there are.</param>
/// <param name="Free">Of these, bytes that nobody uses now.</param>
public readonly record struct MachineMemory(long Total, long Free)
{
    /// <summary>Looks at it.</summary>
    public static MachineMemory Measure()
    {
        // What the collector knows is from its last run, and at the start there was none.
        GC.Collect();
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        return new MachineMemory(memory.TotalAvailableMemoryBytes,
            Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes));
    }

    /// <summary>
    /// Whether a new model's weights and gradients fit, counted from its config alone, before any of them is made. True where
    /// the model is not new: its files say how large it is.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="ModelException">The config is not of a model that we can run.</exception>
    public bool HoldsWeights(TrainingRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (recipe.ModelConfig is not { } config)
            return true;
        try
        {
            using Model unfilled = Model.Create("model_config", config, new Counter(Total / 2));
            return true;
        }
        catch (TooLargeException)
        {
            return false;
        }
    }

    /// <summary>Makes parameters without touching their memory, as long as they are not too many.</summary>
    private sealed class Counter(long limit) : IWeightSource
    {
        private long _bytes;

        public Parameter Make(ParameterRequest request)
        {
            _bytes += (long)request.Rows * request.Columns * sizeof(float);
            return _bytes <= limit
                ? new Parameter(request.Name, request.Rows, request.Columns, request.Layout)
                : throw new TooLargeException();
        }

        public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

        public void Complete(NameTable names)
        {
            // There is nothing that could be left over.
        }
    }

    private sealed class TooLargeException : Exception;
}
