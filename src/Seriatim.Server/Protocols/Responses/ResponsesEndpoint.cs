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

    public override async Task HandleAsync(ApiCall call)
    {
        ResponsesRequest request = await call.ReadAsync(ResponsesFields.Table).ConfigureAwait(false);
        ChatJob chat = request.Job;
        if (request.Previous is { } previous)
            chat.Messages.InsertRange(0, Finished(call.Server.Responses.Find(previous, call.Client.Owner)).Turns);
        if (chat.Messages.Count == 0)
            throw ApiException.Invalid("input is missing; a text, or items, are needed.", "input", "missing_field");
        ServedModel model = call.Server.Models.Find(chat.Model);
        var response = new StoredResponse(request, $"resp_{call.Number}", call.Client.Owner, model.Name, call.Created);
        response.Turns.AddRange(chat.Messages);
        if (request.Instructions is { } instructions)
            chat.Messages.Insert(0, new ChatTurn("system", instructions));
        RunningJob job = await call.Server.Jobs.StartAsync(call, chat, response.Ending.Token).ConfigureAwait(false);
        if (request.IsStored)
            call.Server.Responses.Add(response);
        if (request.IsBackground)
        {
            // The server ends after it, as after any request.
            call.Server.State.Enter();
            _ = new ResponseRun(response, job).RunAsync().ContinueWith(_ => call.Server.State.Leave(), TaskScheduler.Default);
            await (request.Streams ? StreamAsync(call, response, -1) : call.WriteAsync(response.Write)).ConfigureAwait(false);
            return;
        }

        using CancellationTokenRegistration gone = call.Aborted.Register(response.Ending.Cancel);
        Task run = new ResponseRun(response, job).RunAsync();
        if (request.Streams)
            await StreamAsync(call, response, -1).ConfigureAwait(false);
        await run.ConfigureAwait(false);
        if (request.Streams)
            return;
        call.Aborted.ThrowIfCancellationRequested();
        if (response.Fault is { } fault)
            ExceptionDispatchInfo.Throw(fault);
        await call.WriteAsync(response.Write).ConfigureAwait(false);
    }

    /// <summary>Sends the events behind a number.</summary>
    public static Task StreamAsync(ApiCall call, StoredResponse response, int after)
    {
        SseStream stream = SseStream.Begin(call);
        return stream.RunAsync(response.ReadAsync(after), one => stream.Write(json => json.WriteRawValue(one.Json), one.Name),
            () => Task.CompletedTask);
    }

    private static StoredResponse Finished(StoredResponse response) =>
        response.IsOver && response.Status is "completed" or "incomplete"
        ? response
        : throw ApiException.Invalid($"The response {response.Id} is {response.Status}; only one that is complete can be gone "
            + "on from.",
            "previous_response_id", "invalid_value");
}
