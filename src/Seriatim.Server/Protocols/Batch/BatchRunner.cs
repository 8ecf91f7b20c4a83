using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Seriatim.Server;

/// <summary>
/// Answers a file of requests, one a line, with the endpoints of the server and without a connection. Answers come in the order
/// of the lines; a line that is wrong is answered with its error, and the others go on.
/// </summary>
/// <param name="services">Those of the server.</param>
/// <param name="parallel">How many lines are under way at a time.</param>
internal sealed class BatchRunner(IServiceProvider services, int parallel)
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    /// <summary>Answers all lines.</summary>
    /// <param name="lines">The lines; empty ones are passed over.</param>
    /// <param name="output">Takes a line for each.</param>
    /// <param name="told">Told after each line how many were answered, and how many of these with an error; null: nobody
    /// is.</param>
    /// <param name="cancellationToken">Ends it; what was answered is written.</param>
    /// <returns>How many were answered, and how many of these with an error.</returns>
    public async Task<(int Done, int Failed)> RunAsync(IAsyncEnumerable<string> lines, TextWriter output,
        Action<int, int>? told = null, CancellationToken cancellationToken = default)
    {
        var running = Channel.CreateBounded<Task<(string Line, bool Failed)>>(parallel);
        Task reading = ReadAsync(lines, running.Writer, cancellationToken);
        (int done, int failed) = (0, 0);
        await foreach (Task<(string Line, bool Failed)> answer in running.Reader.ReadAllAsync(CancellationToken.None)
            .ConfigureAwait(false))
        {
            (string line, bool isFailed) = await answer.ConfigureAwait(false);
            await output.WriteLineAsync(line).ConfigureAwait(false);
            (done, failed) = (done + 1, failed + (isFailed ? 1 : 0));
            told?.Invoke(done, failed);
        }

        await reading.ConfigureAwait(false);
        await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        return (done, failed);
    }

    private async Task ReadAsync(IAsyncEnumerable<string> lines, ChannelWriter<Task<(string Line, bool Failed)>> running,
        CancellationToken cancellationToken)
    {
        try
        {
            await foreach (string line in lines.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                if (line.Trim().Length == 0)
                    continue;
                await running.WaitToWriteAsync(cancellationToken).ConfigureAwait(false);
                await running.WriteAsync(AnswerAsync(line, cancellationToken), cancellationToken).ConfigureAwait(false);
            }

            running.Complete();
        }
        catch (Exception failure)
        {
            running.Complete(failure);
            throw;
        }
    }

    private async Task<(string Line, bool Failed)> AnswerAsync(string line, CancellationToken cancellationToken)
    {
        var request = new BatchLine();
        try
        {
            using JsonDocument json = RequestBody.Parse(Encoding.UTF8.GetBytes(line), 64);
            BatchLine.Table.Read(json.RootElement, request);
            if (!_ids.Add(request.Id!))
                throw ApiException.Invalid($"custom_id is {request.Id} as in an earlier line.", "custom_id", "invalid_value");
            if (request.Body.TryGetProperty("stream", out JsonElement stream) && stream.ValueKind == JsonValueKind.True)
                throw ApiException.Invalid("body.stream is true; answers of a batch come whole.", "body.stream", "invalid_value");
            if (request.Url.StartsWith("/api/", StringComparison.Ordinal))
                throw ApiException.Invalid($"url is {request.Url}; batches are of OpenAI's endpoints.", "url", "invalid_value");
            Endpoint endpoint = Endpoints.All.FirstOrDefault(known => known.Method == "POST" && known.Path == request.Url
                && known.Access == EndpointAccess.Generating)
                ?? throw ApiException.Invalid($"url is {request.Url}; nothing generates there.", "url", "invalid_value");
            return await AskAsync(request, endpoint, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException failure)
        {
            return (BatchAnswer.Of(request.Id, failure.Error), true);
        }
    }

    /// <summary>Asks an endpoint as a connection would.</summary>
    private async Task<(string Line, bool Failed)> AskAsync(BatchLine request, Endpoint endpoint,
        CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        var http = new DefaultHttpContext { RequestServices = services, RequestAborted = cancellationToken };
        byte[] body = Encoding.UTF8.GetBytes(request.Body.GetRawText());
        (http.Request.Method, http.Request.Path, http.Request.ContentType) = ("POST", request.Url, "application/json");
        (http.Request.Body, http.Request.ContentLength, http.Response.Body) = (new MemoryStream(body), body.Length, output);
        await ServerPipeline.RunAsync(http, endpoint).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        int status = http.Response.StatusCode;
        string id = $"{http.Response.Headers["x-request-id"]}";
        return (BatchAnswer.Of(request.Id, status, id, output.ToArray()), status >= StatusCodes.Status400BadRequest);
    }
}
