using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Repeats requests from their records, and compares the hashes of what comes.</summary>
internal static class Replay
{
    /// <summary>Runs prompts again.</summary>
    /// <param name="call">The request that asks for it.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="fingerprint">What the answers followed from, beside the requests.</param>
    /// <param name="prompts">The prompts.</param>
    public static async Task RunAsync(ApiCall call, string model, string fingerprint, IReadOnlyList<ReplayedPrompt> prompts)
    {
        using ModelUse use = await call.Server.Models.Find(model).UseAsync(call.Aborted).ConfigureAwait(false);
        if (use.Fingerprint != fingerprint)
        {
            throw new ApiException(new ApiError(409, ApiError.InvalidRequest,
                $"The request was answered by {fingerprint}, and {model} is {use.Fingerprint} here: other weights, options or "
                    + "version. Only the same ones give the same bytes.", "fingerprint_mismatch", "system_fingerprint"));
        }

        var got = new List<IReadOnlyList<string>>();
        foreach (ReplayedPrompt prompt in prompts)
        {
            GenerationRequest request = prompt.Request with { Tokenizer = use.Opened.Tokenizer, Seed = prompt.Seed };
            GenerationResult result = await use.Opened.Submit("replay", request, call.Aborted).Completion.ConfigureAwait(false);
            got.Add([.. result.Choices.Select(choice => RecordedPrompt.HashOf([.. choice.TokenIds]))]);
        }

        bool same = prompts.Zip(got).All(pair => pair.First.OutputHashes.SequenceEqual(pair.Second));
        if (!same)
        {
            call.Server.Metrics.CountMismatch();
            ServerLog.ReplayMismatch(call.Server.Logger, call.Id);
        }

        await call.WriteAsync(json => Write(json, same, prompts, got)).ConfigureAwait(false);
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
