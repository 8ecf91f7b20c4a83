using System.CommandLine;
using System.Globalization;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>How a model is cut across the processes that mpirun has started.</summary>
internal sealed class StageFlags
{
    private readonly Option<string?> _layers = Flag.Maybe<string>(
        "Under mpirun: layers of each process, e.g. 4,8. Default: cut by the sizes in the files.", "n,n,...", "--stage-layers");
    private readonly Option<int?> _runs = Flag.Maybe<int?>(
        "Under mpirun: runs of rows that a step is cut into at most, so that processes work at the same time. Default: two for "
            + "each process.", "n", "--micro-batches");

    public IReadOnlyList<Option> All => [_layers, _runs];

    /// <summary>The processes of a model; null: this one alone.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="group">Who was started.</param>
    public PipelineOptions? Read(ParseResult result, ProcessGroup group)
    {
        result.Require(group.Size > 1, "several processes: start them with mpirun -np 2 (or more)", _layers, _runs);
        if (group.Size == 1)
            return null;
        if (result.GetValue(_runs) is { } runs and < 1)
            throw new UsageException($"--micro-batches is {runs}; it must be 1 or more.");
        return new PipelineOptions { Group = group, Layers = Layers(result, group.Size), MicroBatches = result.GetValue(_runs) };
    }

    private int[]? Layers(ParseResult result, int processes)
    {
        if (result.GetValue(_layers) is not { } text)
            return null;
        int[] layers = [.. text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(word =>
            int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
                ? count
                : throw new UsageException(
                    $"--stage-layers: '{word}' is no number of layers; give one for each process, e.g. 4,8."))];
        return layers.Length == processes ? layers : throw new UsageException(
            $"--stage-layers gives layers of {layers.Length} processes, and mpirun has started {processes}; give one number for "
                + "each.");
    }
}
