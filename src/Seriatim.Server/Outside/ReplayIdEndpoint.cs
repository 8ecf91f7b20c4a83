namespace Seriatim.Server;

/// <summary><c>POST /v1/requests/{id}/replay</c>: repeats a request that is remembered.</summary>
internal sealed class ReplayIdEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/requests/{id}/replay";

    public override string Summary => "Repeats a request and says whether the bytes are the same.";

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override Task HandleAsync(ApiCall call)
    {
        RequestRecord record = RequestEndpoint.Find(call);
        if (record.State != "done")
        {
            throw ApiException.Invalid($"The request is {record.State}; one that is done can be repeated.", "id", "not_done");
        }

        if (record.Prompts.Any(prompt => prompt.Finishes.Contains(Generation.FinishReason.Timeout)))
        {
            throw ApiException.Invalid("The request ended because its time was over, which is no matter of its bytes.", "id",
                "not_repeatable");
        }

        ReplayedPrompt[] prompts = [.. record.Prompts.Select(prompt => new ReplayedPrompt(
            prompt.Request() ?? throw ApiException.Invalid(
                "The server does not remember prompts (RemembersPrompts); send the record with its ids to /v1/replay.", "id",
                "prompt_not_kept"),
            prompt.Seed!.Value, prompt.OutputHashes))];
        return Replay.RunAsync(call, new ReplayJob(record.Model, record.Fingerprint, prompts), isOwn: true);
    }
}
