using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Repeats requests from their records, and compares the hashes of what comes.</summary>
internal static class Replay
{
    /// <summary>Runs prompts again.</summary>
    /// <param name="call">The request that asks for it.</param>
    /// <param name="job">The prompts.</param>
    /// <param name="isOwn">
    /// Whether this server remembers that it gave the answers. Of what a client brings along nobody knows where it is from: other
    /// bytes are told, and are no fault of the server.
    /// </param>
    public static async Task RunAsync(ApiCall call, ReplayJob job, bool isOwn)
    {
        using RunningJob running = await call.Server.Jobs.StartAsync(call, job).ConfigureAwait(false);
        JobResult result = await running.CompleteAsync().ConfigureAwait(false);
        if (result.Results.Any(one => one.Choices.Any(choice => choice.Finish == FinishReason.Timeout)))
        {
            throw new ApiException(new ApiError(503, ApiError.ServerError,
                "The repetition took longer than a request may here (--max-time), so there is nothing to compare. Send the "
                    + "record to a server that gives it more time.", "replay_timeout"));
        }

        List<IReadOnlyList<string>> got = [.. result.Results.Select(one =>
            one.Choices.Select(choice => RecordedPrompt.HashOf([.. choice.TokenIds])).ToArray())];
        bool same = job.Prompts.Zip(got).All(pair => pair.First.OutputHashes.SequenceEqual(pair.Second));
        if (!same && isOwn)
        {
            call.Server.Metrics.CountMismatch();
            ServerLog.ReplayMismatch(call.Server.Logger, call.Id);
        }

        await call.WriteAsync(json => Write(json, same, job.Prompts, got)).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, bool same, IReadOnlyList<ReplayedPrompt> prompts,
        List<IReadOnlyList<string>> got)
    {
        json.WriteStartObject();
        json.WriteBoolean("same"u8, same);
        json.WriteStartArray("prompts"u8);
        foreach ((ReplayedPrompt prompt, IReadOnlyList<string> hashes) in prompts.Zip(got))
        {
            json.WriteStartObject();
            Write(json, "recorded", prompt.OutputHashes);
            Write(json, "repeated", hashes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> hashes)
    {
        json.WriteStartArray(name);
        foreach (string hash in hashes)
            json.WriteStringValue(hash);
        json.WriteEndArray();
    }
}
