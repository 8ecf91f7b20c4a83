using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// A command that is one of several of mpirun, to its end: whoever cannot go on says so and ends all, for the others would wait.
/// </summary>
internal static class RankRun
{
    /// <summary>Runs the command on this rank.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="command">What it does.</param>
    /// <param name="isCommon">Failures that all ranks have: one of them says it.</param>
    /// <param name="leavesAlone">Whether the others leave by themselves when this one has failed at something.</param>
    /// <param name="leave">Leaves in good order.</param>
    public static async Task<int> ToItsEndAsync(ProcessGroup group, Func<Task<int>> command, Func<Exception, bool> isCommon,
        Predicate<Exception> leavesAlone, Action leave)
    {
        int code;
        try
        {
            code = await command();
        }
        catch (Exception failure) when (isCommon(failure))
        {
            // It is said before anybody leaves: mpirun ends all as soon as one has left with a failure.
            if (group.IsFirst)
                Terminal.Error(failure.Message);
            leave();
            return ExitCodes.Failure;
        }
        catch (Exception failure) when (group.Size == 1 || leavesAlone(failure))
        {
            leave();
            throw;
        }
        catch (Exception failure)
        {
            Terminal.Error(CommandLine.IsExpected(failure) ? $"{group}: {failure.Message}"
                : $"{group}: this is a defect of Seriatim, please report it: {failure}");
            group.Abort(CommandLine.IsExpected(failure) ? ExitCodes.Failure : ExitCodes.Internal);
            throw;
        }

        leave();
        return code;
    }
}
