using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Seriatim.Server;

/// <summary>
/// What every request passes through, in this order: its id, its key, whether the server takes requests, its client's limits, the
/// endpoint, and the one table of errors.
/// </summary>
internal static class ServerPipeline
{
    public static async Task RunAsync(HttpContext http, Endpoint endpoint)
    {
        ServerCore server = http.RequestServices.GetRequiredService<ServerCore>();
        using ServerSpan span = ServerSpan.Start(http, endpoint);
        using var call = new ApiCall(http, server, endpoint) { Span = span };
        http.Response.Headers["x-request-id"] = call.Id;
        http.Response.OnStarting(() =>
        {
            http.Response.Headers["openai-processing-ms"] =
                ((long)call.Elapsed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
        ApiError? error = null;
        try
        {
            if (endpoint.Access != EndpointAccess.Open)
                call.Client = server.Keys.Find(http.Request);
            if (endpoint.Access == EndpointAccess.Generating)
                await GenerateAsync(call).ConfigureAwait(false);
            else
                await endpoint.HandleAsync(call).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (call.IsGone)
        {
            error = new ApiError(499, ApiError.InvalidRequest, "The client has gone.", "client_closed_request");
        }
        catch (OperationCanceledException) when (server.State.Killed.IsCancellationRequested)
        {
            error = ErrorTable.Draining;
        }
        catch (Exception exception)
        {
            error = ErrorTable.Of(exception, call.Id, call.Said);
        }

        try
        {
            if (error is not null)
                await FailAsync(call, error).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // Nobody is there to be told.
        }

        span.Answered(error?.Status ?? http.Response.StatusCode, error);
        ServerLog.Ended(call, error);
    }

    /// <summary>Tells a client what is wrong. A stream that has begun tells it itself.</summary>
    public static async Task FailAsync(ApiCall call, ApiError error)
    {
        HttpResponse response = call.Http.Response;
        if (error.Status == 499)
            return;
        if (response.HasStarted)
        {
            // Half of an answer is out: the only way to say that it ends is to end the connection.
            call.Http.Abort();
            return;
        }

        response.Clear();
        response.Headers["x-request-id"] = call.Id;
        if (error.RetryAfter is { } after)
        {
            response.Headers.RetryAfter =
                ((long)Math.Max(1, Math.Ceiling(after.TotalSeconds))).ToString(CultureInfo.InvariantCulture);
        }

        if (error.Status == 401)
            response.Headers.WWWAuthenticate = "Bearer";
        call.Client.Budget?.Describe(response.Headers);
        await call.WriteAsync(json => call.Endpoint.Errors.Write(json, error, call.Id), error.Status).ConfigureAwait(false);
    }

    private static async Task GenerateAsync(ApiCall call)
    {
        call.Slot = RequestSlot.Take(call);
        try
        {
            call.Client.Budget?.Describe(call.Http.Response.Headers);
            await call.Endpoint.HandleAsync(call).ConfigureAwait(false);
        }
        finally
        {
            call.Slot?.Dispose();
        }
    }
}
