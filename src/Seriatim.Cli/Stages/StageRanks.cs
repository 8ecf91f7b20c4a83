using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// A command whose model may be cut across the processes of mpirun: rank 0 does what the command does, the others follow it.
/// Whoever cannot go on says so and ends all, for the others would wait.
/// </summary>
internal sealed class StageRanks
{
    private StageRanks(ProcessGroup group) => Group = group;

    /// <summary>The processes; one by itself where there is no mpirun.</summary>
    public ProcessGroup Group { get; }

    /// <summary>
    /// Whether rank 0 has opened the model: from then on other ranks leave when it closes it, whatever happens between.
    /// </summary>
    public bool IsOpen { get; set; }

    /// <summary>Runs a command by itself, or as one of several.</summary>
    public static async Task<int> RunAsync(Func<StageRanks, Task<int>> command)
    {
        if (!MpiProcessGroup.IsRequested)
            return await command(new StageRanks(ProcessGroup.Alone));
        MpiProcessGroup group = MpiProcessGroup.Start();
        var ranks = new StageRanks(group);
        int code;
        try
        {
            code = await command(ranks);
        }
        catch (ProcessGroupException failure)
        {
            // All ranks have it. It is said before anybody leaves: mpirun ends all as soon as one has left with a failure.
            if (group.IsFirst)
                Terminal.Error(failure.Message);
            group.Dispose();
            return ExitCodes.Failure;
        }
        catch when (group.IsFirst && (ranks.IsOpen || group.Size == 1))
        {
            // The others have left, without failure, when the model was closed.
            group.Dispose();
            throw;
        }
        catch (Exception failure)
        {
            Terminal.Error(CommandLine.IsExpected(failure) ? $"{group}: {failure.Message}"
                : $"{group}: this is a defect of Seriatim, please report it: {failure}");
            group.Abort(CommandLine.IsExpected(failure) ? ExitCodes.Failure : ExitCodes.Internal);
            throw;
        }

        group.Dispose();
        return code;
    }

    /// <summary>Follows rank 0 through its passes until it closes the model.</summary>
    public static async Task<int> FollowAsync(string folder, LanguageModelOptions options, CancellationToken cancellation)
    {
        await PipelineWorker.RunAsync(folder, options with { LoadProgress = null }, cancellation);
        return ExitCodes.Success;
    }

    /// <summary>Says what each process takes.</summary>
    public static void Tell(LanguageModel model)
    {
        foreach (StageReport report in model.ReportStages())
            Terminal.Note($"{report}");
    }
}
