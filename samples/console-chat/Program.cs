// A conversation on the console, as a pipeline of Microsoft.Extensions.AI: the model may call functions, what was answered before
// comes from a cache, and what every answer took is measured (shown at the end with --telemetry true).
//
//   dotnet run -c Release --project samples/console-chat -- --model Qwen/Qwen3-0.6B
//
// One message a line; an empty line or the end of the input ends it. Any model whose chat template shows tools will do.
using System.ComponentModel;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Seriatim;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);

// What keeps it from starting is said below, in a line.
builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
builder.Services.AddDistributedMemoryCache();
builder.Services.AddSeriatim(builder.Configuration["model"] ?? "Qwen/Qwen3-0.6B")
    .UseFunctionInvocation()
    .UseDistributedCache()
    .UseOpenTelemetry(sourceName: SeriatimTelemetry.Name);
if (builder.Configuration["telemetry"] == "true")
{
    builder.Services.AddOpenTelemetry()
        .WithTracing(tracing => tracing.AddSource(SeriatimTelemetry.Name).AddConsoleExporter())
        .WithMetrics(metrics => metrics.AddMeter(SeriatimTelemetry.Name).AddConsoleExporter());
}

using IHost host = builder.Build();
try
{
    await host.StartAsync();
}
catch (SeriatimException failure)
{
    // No such model, no network, no chat template: the message says what to do.
    Console.Error.WriteLine(failure.Message);
    return 1;
}

var chat = host.Services.GetRequiredService<IChatClient>();
var options = new ChatOptions { Tools = [AIFunctionFactory.Create(RollDice)], MaxOutputTokens = 512, Seed = 1 };
List<ChatMessage> conversation = [new(ChatRole.System, "You are brief and friendly.")];
while (Console.ReadLine() is { Length: > 0 } line)
{
    conversation.Add(new ChatMessage(ChatRole.User, line));
    var updates = new List<ChatResponseUpdate>();
    await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(conversation, options))
    {
        updates.Add(update);
        Console.Write(update.Text);
    }

    Console.WriteLine();
    conversation.AddMessages(updates);
}

await host.StopAsync();
return 0;

[Description("Rolls dice and gives what they show together.")]
static int RollDice([Description("How many dice")] int count)
{
    int sum = Enumerable.Range(0, count).Sum(_ => Random.Shared.Next(1, 7));
    Console.Error.WriteLine($"(rolled {count} dice: {sum})");
    return sum;
}
