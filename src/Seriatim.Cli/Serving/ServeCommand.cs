using System.CommandLine;

namespace Seriatim.Cli;

/// <summary><c>seriatim serve</c>: the models over HTTP.</summary>
internal static class ServeCommand
{
    public static Command Build()
    {
        var flags = new ServeFlags();
        Option<bool> json = SharedOptions.Json("a JSON object with url and models, once the server listens,");
        var command = new Command("serve", "Serve models over HTTP, by OpenAI's API.");
        foreach (Option option in flags.All)
            command.Add(option);
        command.Add(json);
        command.SetAction(async (result, cancellation) => MpiProcessGroup.IsRequested
            ? throw new UserErrorException("serve runs in one process, and mpirun would start as many servers as processes: "
                + "under mpirun, generate and train share their work. Several servers as one are made with --cluster.")
            : await ServeRun.RunAsync(flags.App(result), ready => flags.ServerAsync(result, cancellation, ready),
                result.GetValue(json), flags.AllowsTraining(result), cancellation, cluster: flags.Cluster(result)));
        return command;
    }
}
