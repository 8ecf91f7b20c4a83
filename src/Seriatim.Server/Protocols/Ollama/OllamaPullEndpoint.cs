using System.Threading.Channels;

namespace Seriatim.Server;

/// <summary><c>POST /api/pull</c>: fetches a model from the hub, and offers it.</summary>
internal sealed class OllamaPullEndpoint : OllamaEndpoint
{
    private static readonly FieldTable<PullRequest> Table = new("POST /api/pull",
    [
        OllamaFields.Headers<PullRequest>(),
        Row.Of<PullRequest>("model", JsonKinds.String, "The model: a hub id `owner/name[@revision][:tag]`.", "\"owner/name\"",
            (request, value) => request.Model = value.Text),
        Row.Of<PullRequest>("name", JsonKinds.String, "The older name of model.", "\"owner/name\"",
            (request, value) => request.Model ??= value.Text),
        Row.Of<PullRequest>("stream", JsonKinds.Boolean, "Tell how far it is, in lines of JSON. Default: true.", "false",
            (request, value) => request.Streams = value.Boolean),
        Row.Refused<PullRequest>("insecure", JsonKinds.Boolean, "true", ["false"], "certificates are always looked at."),
    ]);

    public override string Path => "/api/pull";

    public override string Summary => "Fetches a model (ollama).";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        PullRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        if (request.Model is not { Length: > 0 } id)
            throw ApiException.Invalid("model is missing; a hub id is needed.", "model", "missing_field");
        if (!call.Server.Options.AllowsPulling)
        {
            throw new ApiException(new ApiError(403, ApiError.InvalidRequest,
                "Models are not fetched by requests here; who runs the server can allow it (--allow-pull, or AllowsPulling).",
                    "pull_not_allowed"));
        }

        if (!request.Streams)
        {
            await PullAsync(call, id, null).ConfigureAwait(false);
            await call.WriteAsync(json => WriteStatus(json, new Status("success", null))).ConfigureAwait(false);
            return;
        }

        SseStream stream = SseStream.Begin(call, isLines: true);
        await stream.RunAsync(FollowAsync(call, id), status => stream.Write(json => WriteStatus(json, status)),
            () =>
            {
                stream.Write(json => WriteStatus(json, new Status("success", null)));
                return Task.CompletedTask;
            }).ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<Status> FollowAsync(ApiCall call, string id)
    {
        yield return new Status("pulling manifest", null);
        var told = Channel.CreateBounded<DownloadProgress>(
            new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });
        Task pull = PullAsync(call, id, new Told(told.Writer));
        _ = pull.ContinueWith(_ => told.Writer.TryComplete(), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await foreach (DownloadProgress progress in told.Reader.ReadAllAsync().ConfigureAwait(false))
            yield return new Status($"pulling {progress.File}", progress);
        await pull.ConfigureAwait(false);
    }

    private static async Task PullAsync(ApiCall call, string id, IProgress<DownloadProgress>? progress)
    {
        try
        {
            ModelHub hub = call.Server.Options.ModelOptions.Hub ?? new ModelHub();
            await hub.PullAsync(id, progress, call.Aborted).ConfigureAwait(false);
        }
        catch (ModelNotFoundException failure)
        {
            throw new ApiException(new ApiError(404, ApiError.InvalidRequest, failure.Message, "model_not_found", "model"));
        }
        catch (InvalidModelNameException failure)
        {
            throw ApiException.Invalid(failure.Message, "model", "invalid_value");
        }

        call.Server.Models.Offer(id);
    }

    private static void WriteStatus(System.Text.Json.Utf8JsonWriter json, Status status)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, status.Text);
        if (status.Progress is { } progress)
        {
            json.WriteString("digest"u8, progress.File);
            json.WriteNumber("total"u8, progress.Total);
            json.WriteNumber("completed"u8, progress.Done);
        }

        json.WriteEndObject();
    }

    private sealed record Status(string Text, DownloadProgress? Progress);

    private sealed class Told(ChannelWriter<DownloadProgress> writer) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => writer.TryWrite(value);
    }

    private sealed class PullRequest
    {
        public string? Model { get; set; }

        public bool Streams { get; set; } = true;
    }
}
