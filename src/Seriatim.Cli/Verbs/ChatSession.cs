using System.Text;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>A conversation: reads a message, streams the answer, remembers both.</summary>
internal sealed class ChatSession(LanguageModel model, ChatTemplate? template, GenerationRequest settings, string? system, bool json)
{
    private readonly List<ChatMessage> _messages = [];

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        Reset();
        bool asks = !Console.IsInputRedirected;
        if (asks)
            Terminal.Note("/reset forgets the conversation, /exit ends it.");
        while (true)
        {
            if (asks)
                await Console.Error.WriteAsync("> ");
            string? line = await StandardInput.ReadLineAsync(cancellation);
            switch (line?.Trim())
            {
                case null or "/exit":
                    return ExitCodes.Success;
                case "":
                    continue;
                case "/reset":
                    Reset();
                    continue;
                case ['/', .. var command] when !command.Contains(' ', StringComparison.Ordinal) && !command.Contains('/', StringComparison.Ordinal):
                    Terminal.Note($"There is no command /{command}; there are /reset and /exit.");
                    continue;
            }

            if (!await AnswerAsync(line!, cancellation))
                return ExitCodes.Interrupted;
        }
    }

    /// <summary>Answers a message; false if it was stopped. A message that is refused is forgotten, and the conversation goes on.</summary>
    private async Task<bool> AnswerAsync(string message, CancellationToken cancellation)
    {
        _messages.Add(new ChatMessage("user", message));
        var text = new StringBuilder();
        int tokens = 0;
        FinishReason? finish = null;
        try
        {
            GenerationRequest request = model.ChatRequest(_messages, template) with
            {
                MaxNewTokens = settings.MaxNewTokens,
                Seed = settings.Seed,
                Sampling = settings.Sampling,
                Window = settings.Window,
                Rope = settings.Rope,
            };
            await foreach (GenerationUpdate update in model.SubmitChat(request, cancellation).WithCancellation(CancellationToken.None))
            {
                text.Append(update.Text);
                tokens += update.TokenId is null ? 0 : 1;
                finish ??= update.Finish;
                if (!json)
                    await WriteAsync(update.Text);
            }
        }
        catch (OperationCanceledException)
        {
            await WriteAsync(json ? Line(message, text, tokens, "cancelled") : "\n");
            return false;
        }
        catch (GenerationException failure) when (!Console.IsInputRedirected)
        {
            _messages.RemoveAt(_messages.Count - 1);
            Terminal.Error(failure.Message);
            return true;
        }

        _messages.Add(new ChatMessage("assistant", $"{text}".Trim()));
        await WriteAsync(json ? Line(message, text, tokens, JsonNamingPolicy.SnakeCaseLower.ConvertName($"{finish}")) : "\n");
        return true;
    }

    private void Reset()
    {
        _messages.Clear();
        if (system is not null)
            _messages.Add(new ChatMessage("system", system));
    }

    private static string Line(string message, StringBuilder text, int tokens, string finish) =>
        JsonSerializer.Serialize(new ChatLine(message, $"{text}", finish, tokens), CliJson.Lines.ChatLine) + "\n";

    private static async Task WriteAsync(string text)
    {
        await Console.Out.WriteAsync(text);
        await Console.Out.FlushAsync();
    }
}

/// <summary>What <c>chat --json</c> prints for each answer.</summary>
/// <param name="Message">What was said.</param>
/// <param name="Answer">What the model said.</param>
/// <param name="FinishReason">Why it ended: stop_id, stop_string, end_of_sequence, length, cancelled.</param>
/// <param name="NewTokens">Tokens of the answer.</param>
internal sealed record ChatLine(string Message, string Answer, string FinishReason, int NewTokens);
