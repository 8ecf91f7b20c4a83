using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>
/// <c>seriatim completion</c>: prints a script that lets a shell complete commands, flags, values and names of models.
/// </summary>
internal static class CompletionCommand
{
    public static Command Build()
    {
        var shell = new Argument<string>("shell") { Description = $"One of {string.Join(", ", CompletionScripts.Shells)}." };
        shell.AcceptOnlyFromAmong([.. CompletionScripts.Shells]);
        var command = new Command("completion", "Print a script that completes commands, flags and models in a shell.") { shell };
        command.SetAction(result =>
        {
            Console.Out.Write(CompletionScripts.Of(result.GetRequiredValue(shell)));
            return ExitCodes.Success;
        });
        return command;
    }
}
