using System.Runtime.ExceptionServices;
using Seriatim.Training;
using Seriatim.Training.Tests;

namespace Seriatim.Server.Tests;

/// <summary>A server whose models have their layers in several processes: threads that know nothing of each other but messages.
/// </summary>
internal static class StagedServer
{
    /// <summary>Runs a server at rank 0, and stages behind it.</summary>
    /// <param name="stages">How many processes.</param>
    /// <param name="client">What is asked of it.</param>
    /// <param name="configure">Changes its options; the tiny model is there already.</param>
    /// <param name="folderOf">How other ranks find a model; null: by its name, as rank 0.</param>
    /// <param name="changed">Told of how many models a rank above 0 has layers.</param>
    public static void Run(int stages, Func<TestServer, Task> client, Action<SeriatimServerOptions>? configure = null,
        Func<StageOpening, string>? folderOf = null, Action<int>? changed = null)
    {
        Exception?[] failures = ThreadGroup.Run(stages, group =>
        {
            var pipeline = new PipelineOptions { Group = group, MinRows = 3 };
            if (group.IsFirst)
            {
                using var host = new PipelineHost(group);
                ServeAsync(pipeline with { Host = host }, client, configure).GetAwaiter().GetResult();
                return;
            }

            var options = new LanguageModelOptions { Threads = 1, Pipeline = pipeline };
            if (folderOf is null && changed is null)
                PipelineWorker.FollowAsync(options).GetAwaiter().GetResult();
            else
                PipelineWorker.Follow(options, pipeline, folderOf ?? (opening => opening.Name), isForOne: false, changed);
        });

        // What went wrong first is what the others only hear of.
        if ((failures.FirstOrDefault(failure => failure is not null and not RankGoneException)
            ?? failures.FirstOrDefault(failure => failure is not null)) is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    private static async Task ServeAsync(
        PipelineOptions pipeline, Func<TestServer, Task> client, Action<SeriatimServerOptions>? configure)
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            configure?.Invoke(options);
            options.Host = options.Host with { Threads = 1 };
            options.ModelOptions = options.ModelOptions with { Pipeline = pipeline };
            for (int i = 0; i < options.Models.Count; i++)
            {
                ServedModelOptions model = options.Models[i];
                options.Models[i] = model with { Options = model.Options with { Pipeline = pipeline } };
            }
        });
        await client(server);
    }
}
