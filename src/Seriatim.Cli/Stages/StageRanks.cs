using System.Globalization;
using System.Runtime.InteropServices;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// A command whose models may be cut across the processes of mpirun: rank 0 does what the command does, the others follow it, and
/// all watch that nobody stands still.
/// </summary>
internal sealed class StageRanks
{
    private RankWatch? _watch;

    private StageRanks(ProcessGroup group) => Group = group;

    /// <summary>The processes; one by itself where there is no mpirun.</summary>
    public ProcessGroup Group { get; }

    /// <summary>Who watches the other ranks, once <see cref="Watch"/> was called; null: nobody.</summary>
    public RankWatch? Watcher => _watch;

    /// <summary>
    /// Whether other ranks leave when rank 0 closes its models, whatever happens between: once they follow it.
    /// </summary>
    public bool IsOpen { get; set; }

    /// <summary>Runs a command by itself, or as one of several.</summary>
    public static async Task<int> RunAsync(Func<StageRanks, Task<int>> command)
    {
        if (!MpiProcessGroup.IsRequested)
            return await command(new StageRanks(ProcessGroup.Alone));
        MpiProcessGroup group = MpiProcessGroup.Start();
        var ranks = new StageRanks(group);
        return await RankRun.ToItsEndAsync(group, () => command(ranks),
            failure => failure is ProcessGroupException and not PipelineBrokenException,
            failure => group.IsFirst && ranks.IsOpen && failure is not PipelineBrokenException, () =>
            {
                ranks._watch?.Dispose();
                group.Dispose();
            });
    }

    /// <summary>Begins to watch the other ranks; all do, with one limit.</summary>
    /// <param name="limit">The longest silence; <see cref="Timeout.InfiniteTimeSpan"/>: any.</param>
    public void Watch(TimeSpan limit) => _watch = new RankWatch(Group, limit, (rank, silence) =>
    {
        Terminal.Error(string.Create(CultureInfo.InvariantCulture,
            $"{Group}: nothing was heard of rank {rank} for {silence.TotalSeconds:0.#} s (--stage-silence): its process stands "
                + $"still, or its machine cannot be reached. The layers it has are needed by every request, so all {Group.Size} "
                + $"processes end."));
        Group.Abort(ExitCodes.Silent);
    });

    /// <summary>Follows rank 0 through the passes of one model until it closes it.</summary>
    public static async Task<int> FollowAsync(string folder, LanguageModelOptions options, CancellationToken cancellation)
    {
        await PipelineWorker.RunAsync(folder, options with { LoadProgress = null }, cancellation);
        return ExitCodes.Success;
    }

    /// <summary>Follows rank 0 through all models that it opens, until it stops; signals to stop are passed on to it.</summary>
    public async Task<int> FollowAllAsync(LanguageModelOptions options, CancellationToken cancellation)
    {
        CommandLine.EndsSlowly = true;
        await using CancellationTokenRegistration interrupted = cancellation.UnsafeRegister(_ => _watch?.AskToStop(), null);
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            _watch?.AskToStop();
        });
        await PipelineWorker.FollowAsync(options with { LoadProgress = null });
        return ExitCodes.Success;
    }

    /// <summary>Says what each process takes.</summary>
    public static void Tell(LanguageModel model)
    {
        foreach (StageReport report in model.ReportStages())
            Terminal.Note($"{report}");
    }
}
