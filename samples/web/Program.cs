// Chat in a web app: POST the turns of a conversation to /chat, and the answer streams back as server-sent events.
//
//   dotnet run -c Release --project samples/web -- --model HuggingFaceTB/SmolLM2-135M-Instruct
//   curl -N localhost:5000/chat -H "Content-Type: application/json" -d '[{"role": "user", "text": "Hello!"}]'
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Seriatim;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddSeriatim(builder.Configuration["model"] ?? "HuggingFaceTB/SmolLM2-135M-Instruct");
builder.Services.AddHealthChecks().AddSeriatim();
var app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/chat", (Turn[] turns, IChatClient chat, CancellationToken stop) => TypedResults.ServerSentEvents(Answer(turns, chat, stop)));
app.Run();

static async IAsyncEnumerable<string> Answer(Turn[] turns, IChatClient chat, [EnumeratorCancellation] CancellationToken stop)
{
    ChatMessage[] messages = [.. turns.Select(turn => new ChatMessage(new ChatRole(turn.Role), turn.Text))];
    await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(messages, cancellationToken: stop))
        yield return update.Text;
}

internal sealed record Turn(string Role, string Text);
