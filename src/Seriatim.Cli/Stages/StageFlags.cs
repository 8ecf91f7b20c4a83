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

    private readonly Option<string> _silence = Flag.Of("Under mpirun: how long a process may not be heard of before all end "
        + "(exit code 75): 30, 5m; -1: for ever.", "time", "1m", "--stage-silence");

    public IReadOnlyList<Option> All => [_layers, _runs, _silence];

    /// <summary>Whether a cut is given, which fits one model as a rule.</summary>
    public bool SaysLayers(ParseResult result) => result.GetValue(_layers) is not null;

    /// <summary>The processes of a model, which begin to watch each other; null: this one alone.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="ranks">Who was started.</param>
    public PipelineOptions? Read(ParseResult result, StageRanks ranks)
    {
        ProcessGroup group = ranks.Group;
        result.Require(
            group.Size > 1, "several processes: start them with mpirun -np 2 (or more)", _layers, _runs, _silence);
        if (group.Size == 1)
            return null;
        if (result.GetValue(_runs) is { } runs and < 1)
            throw new UsageException($"--micro-batches is {runs}; it must be 1 or more.");
        TimeSpan silence = Amounts.Time("--stage-silence", result.GetRequiredValue(_silence));
        if (silence < TimeSpan.FromSeconds(1) && silence != Timeout.InfiniteTimeSpan)
        {
            throw new UsageException("--stage-silence is less than a second, and nobody is heard of all the time; give 1 or "
                + "more, or -1 for no limit.");
        }

        var options = new PipelineOptions
        {
            Group = group,
            Layers = Layers(result, group.Size),
            MicroBatches = result.GetValue(_runs),
        };
        ranks.Watch(silence);
        return options;
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
