using System.CommandLine;

namespace Seriatim.Cli;

/// <summary><c>seriatim pull</c>: fetches a model from the hub, and prints where it is.</summary>
internal static class PullCommand
{
    public static Command Build()
    {
        var id = new Argument<string>("id") { Description = "A hub id, owner/name[@revision]." };
        var command = new Command("pull", "Fetch a model from the hub, or what has changed of it; print its folder.") { id };
        command.SetAction(async (result, cancellation) =>
        {
            Console.Out.WriteLine(await ModelFolder.PullAsync(result.GetRequiredValue(id), cancellation));
            return ExitCodes.Success;
        });
        return command;
    }
}
