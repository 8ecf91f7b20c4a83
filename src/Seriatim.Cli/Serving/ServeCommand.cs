using System.CommandLine;

namespace Seriatim.Cli;

/// <summary><c>seriatim serve</c>: the models over HTTP.</summary>
internal static class ServeCommand
{
    public static Command Build()
    {
        var flags = new ServeFlags();
        var stages = new StageFlags();
        Option<bool> json = SharedOptions.Json("a JSON object with url and models, once the server listens,");
        var command = new Command("serve", "Serve models over HTTP, by OpenAI's API.");
        foreach (Option option in flags.All)
            command.Add(option);
        foreach (Option option in stages.All)
            command.Add(option);
        command.Add(json);
        command.SetAction((result, cancellation) => StageRanks.RunAsync(async ranks =>
        {
            if (stages.Read(result, ranks) is { } pipeline)
                return await RunStagesAsync(result, flags, stages, ranks, pipeline, result.GetValue(json), cancellation);
            return await ServeRun.RunAsync(flags.App(result), ready => flags.ServerAsync(result, cancellation, ready),
                result.GetValue(json), flags.AllowsTraining(result), cancellation, cluster: flags.Cluster(result));
        }));
        return command;
    }

    /// <summary>Rank 0 is the server; the others have layers of the models that it opens.</summary>
    private static async Task<int> RunStagesAsync(ParseResult result, ServeFlags flags, StageFlags stages, StageRanks ranks,
        PipelineOptions pipeline, bool json, CancellationToken cancellation)
    {
        if (!ranks.Group.IsFirst)
            return await ranks.FollowAllAsync(flags.OpenStage(result, pipeline), cancellation);
        flags.RequireStages(result, stages.SaysLayers(result));
        using var host = new PipelineHost(ranks.Group)
        {
            Watch = ranks.Watcher,
            OnBroken = failure =>
            {
                // No model can be served any more, and the others wait for commands that do not come.
                Terminal.Error($"{ranks.Group}: {failure.Message}");
                ranks.Group.Abort(ExitCodes.Failure);
            },
        };
        ranks.IsOpen = true;
        pipeline = pipeline with { Host = host };
        return await ServeRun.RunAsync(flags.App(result), ready => flags.ServerAsync(result, cancellation, ready, pipeline), json,
            allowsTraining: false, cancellation, stopAsked: ranks.Watcher!.OnStopAsked);
    }
}
