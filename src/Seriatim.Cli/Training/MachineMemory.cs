using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>Compares what a run needs with what the machine (or the container) has, before it starts.</summary>
/// <param name="warnOnly">Too little memory is said, not refused.</param>
internal sealed class MachineMemory(bool warnOnly)
{
    private readonly GCMemoryInfo _machine = Measure();

    /// <summary>Counts a new model's weights and gradients from its config alone, before any of them is made.</summary>
    public void CheckWeights(TrainingRecipe recipe)
    {
        if (recipe.ModelConfig is not { } config || warnOnly)
            return;
        try
        {
            using Model unfilled = Model.Create("model_config", config, new Counter(_machine.TotalAvailableMemoryBytes / 2));
        }
        catch (TooLargeException)
        {
            throw new UserErrorException(
                $"The weights and their gradients alone need more than the {Terminal.Bytes(_machine.TotalAvailableMemoryBytes)} "
                + "of this machine. Make the model smaller, or start anyway with --ignore-memory.");
        }
    }

    /// <summary>Says what the run will take; refuses what is more than there is.</summary>
    public void Check(MemoryEstimate estimate)
    {
        long all = _machine.TotalAvailableMemoryBytes, free = Math.Max(0, all - _machine.MemoryLoadBytes);
        Terminal.Note($"memory: {estimate}; this machine has {Terminal.Bytes(all)}, {Terminal.Bytes(free)} of it free");
        if (estimate.Total > all)
        {
            string message = $"The run needs about {Terminal.Bytes(estimate.Total)}; this machine has {Terminal.Bytes(all)}.";
            if (!warnOnly)
            {
                throw new UserErrorException($"{message} Make per_device_train_batch_tokens (or _size) or the model smaller, or "
                    + "start anyway with --ignore-memory.");
            }
            Terminal.Note($"{message} It may be ended by the system.");
        }
        else if (estimate.Total > free)
        {
            Terminal.Note($"The run needs about {Terminal.Bytes(estimate.Total)}; {Terminal.Bytes(free)} are free. It may become "
                + "slow, or be ended by the system.");
        }
    }

    private static GCMemoryInfo Measure()
    {
        // What the collector knows is from its last run, and at the start there was none.
        GC.Collect();
        return GC.GetGCMemoryInfo();
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
