using System.Runtime.CompilerServices;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// <c>POST /v1/engine/watch</c>: what an engine does, as lines of JSON: steps and who shares them, memory, queue. Written to a
/// file it is a trace that the page opens again. It opens no model and keeps none open, and tells numbers alone, no texts.
/// </summary>
internal sealed class EngineWatchEndpoint : Endpoint
{
    private static readonly FieldTable<EngineWatchRequest> Table = new("POST /v1/engine/watch",
    [
        CommonFields.Model<EngineWatchRequest>((request, name) => request.Model = name),
        Row.Of<EngineWatchRequest>("frames", JsonKinds.Integer, "How many frames to send. Default: 1.", "2",
            (request, value) => request.Frames = value.Integer) with { Least = 1, Most = 10_000_000 },
        Row.Of<EngineWatchRequest>("interval_ms", JsonKinds.Integer, "Milliseconds between two frames. Default: 250.", "100",
            (request, value) => request.IntervalMilliseconds = value.Integer) with { Least = 100, Most = 60_000 },
    ]);

    public override string Method => "POST";

    public override string Path => "/v1/engine/watch";

    public override string Summary => "Tells what an engine does: steps, memory, queue.";

    public override FieldTable Fields => Table;

    public override async Task HandleAsync(ApiCall call)
    {
        EngineWatchRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        ServedModel model = call.Server.Models.Find(request.Model);
        using var follower = new EngineFollower(call.Server, model, request.Interval);
        IAsyncEnumerable<Action<Utf8JsonWriter>> lines = FollowAsync(call, follower, request);

        // The first line before the answer begins: what is refused gets its status.
        await using IAsyncEnumerator<Action<Utf8JsonWriter>> reader = lines.GetAsyncEnumerator(call.Aborted);
        if (!await reader.MoveNextAsync().ConfigureAwait(false))
            throw new ApiException(ErrorTable.Draining);
        SseStream stream = SseStream.Begin(call, isLines: true);
        stream.Write(reader.Current);
        await stream.RunAsync(RestAsync(reader), line => stream.Write(line), () => Task.CompletedTask).ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<Action<Utf8JsonWriter>> RestAsync(IAsyncEnumerator<Action<Utf8JsonWriter>> reader)
    {
        while (await reader.MoveNextAsync().ConfigureAwait(false))
            yield return reader.Current;
    }

    private static async IAsyncEnumerable<Action<Utf8JsonWriter>> FollowAsync(ApiCall call, EngineFollower follower,
        EngineWatchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (int frame = 0; frame < request.Frames && !call.Server.State.IsDraining; frame++)
        {
            if (frame > 0)
                await Task.Delay(request.Interval, call.Server.Clock, cancellationToken).ConfigureAwait(false);
            foreach (Action<Utf8JsonWriter> line in await follower.NextAsync(cancellationToken).ConfigureAwait(false))
                yield return line;
        }
    }
}
