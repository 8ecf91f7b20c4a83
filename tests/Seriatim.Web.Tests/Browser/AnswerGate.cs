using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Seriatim.Web.Tests;

/// <summary>Stands before the server's app and holds the answers that tests want held.</summary>
internal sealed class AnswerGate : IStartupFilter
{
    private readonly Lock _gate = new();
    private readonly List<HeldAnswers> _held = [];

    /// <summary>Holds answers of a path from now on.</summary>
    public HeldAnswers Hold(string path)
    {
        var held = new HeldAnswers(path, Forget);
        lock (_gate)
            _held.Add(held);
        return held;
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(RunAsync);
        next(app);
    };

    private async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        HeldAnswers? held;
        lock (_gate)
            held = _held.FirstOrDefault(one => one.Takes(http.Request));
        if (held is null)
        {
            await next(http);
            return;
        }

        IHttpResponseBodyFeature own = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var stream = new HeldStream(own.Stream, held.Take(), http.RequestAborted);
        var body = new StreamResponseBodyFeature(stream, own);
        http.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await next(http);
            await body.CompleteAsync();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone.
        }
        finally
        {
            http.Features.Set(own);
        }
    }

    private void Forget(HeldAnswers held)
    {
        lock (_gate)
            _held.Remove(held);
    }
}
