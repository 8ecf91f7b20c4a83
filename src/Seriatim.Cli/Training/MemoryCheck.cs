using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>Compares what a run needs with what the machine (or the container) has, before it starts.</summary>
/// <param name="warnOnly">Too little memory is said, not refused.</param>
internal sealed class MemoryCheck(bool warnOnly)
{
    private readonly MachineMemory _machine = MachineMemory.Measure();

    /// <summary>Refuses a new model whose weights and gradients alone are too large.</summary>
    public void CheckWeights(TrainingRecipe recipe)
    {
        if (!warnOnly && !_machine.HoldsWeights(recipe))
        {
            throw new UserErrorException(
                $"The weights and their gradients alone need more than the {Terminal.Bytes(_machine.Total)} "
                + "of this machine. Make the model smaller, or start anyway with --ignore-memory.");
        }
    }

    /// <summary>Says what the run will take; refuses what is more than there is.</summary>
    /// <param name="estimate">What the run needs.</param>
    /// <param name="isQuiet">Whether another process says it.</param>
    public void Check(MemoryEstimate estimate, bool isQuiet = false)
    {
        (long all, long free) = _machine;
        Say($"memory: {estimate}; this machine has {Terminal.Bytes(all)}, {Terminal.Bytes(free)} of it free");
        if (estimate.Total > all)
        {
            string message = $"The run needs about {Terminal.Bytes(estimate.Total)}; this machine has {Terminal.Bytes(all)}.";
            if (!warnOnly)
            {
                throw new UserErrorException($"{message} Make per_device_train_batch_tokens (or _size) or the model smaller, or "
                    + "start anyway with --ignore-memory.");
            }
            Say($"{message} It may be ended by the system.");
        }
        else if (estimate.Total > free)
        {
            Say($"The run needs about {Terminal.Bytes(estimate.Total)}; {Terminal.Bytes(free)} are free. It may become "
                + "slow, or be ended by the system.");
        }

        void Say(string text)
        {
            if (!isQuiet)
                Terminal.Note(text);
        }
    }
}
