using System.Runtime.ExceptionServices;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary><c>POST /v1/responses</c>: makes a response, kept for later ones.</summary>
internal sealed class ResponsesEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/responses";

    public override string Summary => "Makes a response.";

    public override FieldTable Fields => ResponsesFields.Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override bool CanBeDurable => true;

    public override async Task HandleAsync(ApiCall call)
    {
        ResponsesRequest request = await call.ReadAsync(ResponsesFields.Table).ConfigureAwait(false);
        (StoredResponse response, ResponseRun run) = await BeginAsync(call, request, again: false)
            .ConfigureAwait(false);
        if (request.IsBackground)
        {
            _ = RunAsync(run, call.TakeSlot());
            await (request.Streams ? StreamAsync(call, response, -1) : call.WriteAsync(response.Write)).ConfigureAwait(false);
            return;
        }

        using CancellationTokenRegistration gone = call.Aborted.Register(response.Ending.Cancel);
        Task running = run.RunAsync();
        if (request.Streams)
        {
            try
            {
                await StreamAsync(call, response, -1).ConfigureAwait(false);
            }
            finally
            {
                // Where the stream broke off, nobody takes what would come.
                await response.Ending.CancelAsync().ConfigureAwait(false);
                await running.ConfigureAwait(false);
            }

            return;
        }

        await running.ConfigureAwait(false);
        call.Aborted.ThrowIfCancellationRequested();
        if (response.Fault is { } fault)
            ExceptionDispatchInfo.Throw(fault);
        await call.WriteAsync(response.Write).ConfigureAwait(false);
    }

    /// <summary>Begins a response that was asked for at another server, as that one did; the call is ended with it.</summary>
    public static async Task<StoredResponse> BeginInBackgroundAsync(ApiCall call, ResponsesRequest request)
    {
        (StoredResponse response, ResponseRun run) = await BeginAsync(call, request, again: true)
            .ConfigureAwait(false);
        _ = EndAsync();
        return response;

        async Task EndAsync()
        {
            using (call)
                await RunAsync(run, call.TakeSlot()).ConfigureAwait(false);
        }
    }

    private static async Task<(StoredResponse Response, ResponseRun Run)> BeginAsync(
        ApiCall call, ResponsesRequest request, bool again)
    {
        ChatJob chat = request.Job;
        if (request.Previous is { } previous)
        {
            StoredResponse before = await call.Server.KeptResponses.FindAsync(call, previous).ConfigureAwait(false);

            // When this was asked for first that one was complete; now it may have to be made again, too.
            if (again)
                await before.EndedAsync(call.Aborted).ConfigureAwait(false);
            chat.Messages.InsertRange(0, before.Finished());
        }

        if (chat.Messages.Count == 0)
            throw ApiException.Invalid("input is missing; a text, or items, are needed.", "input", "missing_field");
        ServedModel model = call.Server.Models.Find(chat.Model);
        var response = new StoredResponse(request, $"resp_{call.Number}", call.Client.Owner, model.Name, call.Created);
        call.Kept?.Cancelled = response.Ending.Cancel;
        response.Turns.AddRange(chat.Messages);
        if (request.Instructions is { } instructions)
            chat.Messages.Insert(0, new ChatTurn("system", instructions));
        RunningJob job = await call.Server.Jobs.StartAsync(call, chat, response.Ending.Token).ConfigureAwait(false);
        if (request.IsStored)
            call.Server.Responses.Add(response);
        return (response, new ResponseRun(response, job, call.Server, call.Id));
    }

    /// <summary>Sends the events behind a number.</summary>
    public static Task StreamAsync(ApiCall call, StoredResponse response, int after)
    {
        SseStream stream = SseStream.Begin(call);
        return stream.RunAsync(response.ReadAsync(after), one => stream.Write(json => json.WriteRawValue(one.Json), one.Name),
            () => Task.CompletedTask);
    }

    /// <summary>Goes on without the request, in its place: it counts for its key, and the server ends after it.</summary>
    private static async Task RunAsync(ResponseRun run, RequestSlot? slot)
    {
        using (slot)
            await run.RunAsync().ConfigureAwait(false);
    }
}
