// Chat in a web app: POST the turns of a conversation to /chat, and the answer streams back as server-sent events. Whoever leaves
// ends his request at the next step. /health says whether the model is open and its engine answers, /metrics what it does.
//
//   dotnet run -c Release --project samples/web -- --Seriatim:Model HuggingFaceTB/SmolLM2-135M-Instruct
//   curl -N localhost:5000/chat -H "Content-Type: application/json" -d '[{"role": "user", "text": "Hello!"}]'
//
// The section Seriatim of appsettings.json, the environment (Seriatim__Threads=4) or the command line says how it is opened.
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenTelemetry.Metrics;
using Seriatim;
using Seriatim.Generation;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddSeriatim(builder.Configuration.GetSection("Seriatim"), options =>
{
    if (options.Model.Length == 0)
        options.Model = "HuggingFaceTB/SmolLM2-135M-Instruct";
});
builder.Services.AddHealthChecks().AddSeriatim();
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(SeriatimTelemetry.Name).AddPrometheusExporter());
var app = builder.Build();
app.MapHealthChecks("/health");
app.MapPrometheusScrapingEndpoint("/metrics");
app.MapPost("/chat", (Turn[] turns, IChatClient chat, CancellationToken stop) =>
    TypedResults.ServerSentEvents(Answer(turns, chat, stop)));
app.Run();

static async IAsyncEnumerable<string> Answer(Turn[] turns, IChatClient chat, [EnumeratorCancellation] CancellationToken stop)
{
    ChatMessage[] messages = [.. turns.Select(turn => new ChatMessage(new ChatRole(turn.Role), turn.Text))];
    var options = new ChatOptions { RawRepresentationFactory = _ => new GenerateOptions { Timeout = TimeSpan.FromMinutes(2) } };
    await using IAsyncEnumerator<ChatResponseUpdate> updates =
        chat.GetStreamingResponseAsync(messages, options, stop).GetAsyncEnumerator(stop);
    while (true)
    {
        string text;
        try
        {
            if (!await updates.MoveNextAsync())
                yield break;
            text = updates.Current.Text;
        }
        catch (GenerationException failure)
        {
            // Too long, too many at once: what is wrong is meant to be shown.
            text = failure.Message;
        }

        yield return text;
    }
}

internal sealed record Turn(string Role, string Text);
