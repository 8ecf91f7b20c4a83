using System.CommandLine;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary><c>seriatim chat</c>: a conversation, on a terminal or through a pipe with one message a line.</summary>
internal static class ChatCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<bool> json = SharedOptions.Json("one JSON object an answer");
        var flags = new ChatFlags();
        var command = new Command("chat", "Talk with a model.") { model, json };
        flags.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            ChatTemplate? own = await flags.TemplateAsync(result, cancellation);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using LanguageModel opened = await flags.OpenAsync(result, folder, cancellation);
            if (own is null && opened.Tokenizer.ChatTemplate is null)
            {
                throw new UserErrorException($"{result.GetRequiredValue(model)} has no chat template, so it is not known how it "
                    + "wants a conversation written. Give one with --chat-template-file, or use generate or run.");
            }
            return await new ChatSession(flags.Begin(result, opened, own, remembers: true), flags.Input(result),
                result.GetValue(json)).RunAsync(cancellation);
        });
        return command;
    }
}
