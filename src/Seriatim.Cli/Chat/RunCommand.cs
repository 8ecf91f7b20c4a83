using System.CommandLine;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>
/// <c>seriatim run</c>: opens a model and does what it is for: it chats if it knows conversations, else it continues texts.
/// </summary>
internal static class RunCommand
{
    public static Command Build()
    {
        var model = new Argument<string>("model")
        {
            Description = "A model folder, a .gguf file, a built-in name or a hub id, which is fetched once.",
        };
        model.CompletionSources.Add(ModelNames.Complete);
        var prompt = new Argument<string[]>("prompt")
        {
            Description = "What to say or to continue; none: a conversation on a terminal, else standard input.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> json = SharedOptions.Json("one JSON object an answer");
        var flags = new ChatFlags();
        var command = new Command("run", "Open a model and talk with it, or let it continue texts.") { model, prompt, json };
        flags.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            string name = result.GetRequiredValue(model);
            ChatTemplate? own = await flags.TemplateAsync(result, cancellation);
            string folder = await ModelFolder.ResolveAsync(name, cancellation);
            using LanguageModel opened = await flags.OpenAsync(result, folder, cancellation);
            RefuseUnless(opened.Model.Spec.Task, name);
            bool chats = own is not null || opened.Tokenizer.ChatTemplate is not null;
            var session = new ChatSession(flags.Begin(result, opened, own, chats), flags.Input(result), result.GetValue(json));
            string[] words = result.GetValue(prompt) ?? [];
            string? once = words.Length > 0 ? string.Join(' ', words)
                : Console.IsInputRedirected ? (await StandardInput.ReadToEndAsync(cancellation)).TrimEnd('\r', '\n') : null;
            return once is null ? await session.RunAsync(cancellation) : await session.OnceAsync(once, cancellation);
        });
        return command;
    }

    private static void RefuseUnless(ModelTask task, string name)
    {
        string? verb = task switch
        {
            ModelTask.CausalLanguageModel => null,
            ModelTask.SequenceToSequence or ModelTask.MaskedTranslation => "translate",
            ModelTask.MaskedLanguageModel => "fill",
            ModelTask.SequenceClassification => "classify",
            ModelTask.TokenClassification => "tag",
            ModelTask.QuestionAnswering => "answer",
            _ => "embed",
        };
        if (verb is not null)
            throw new UserErrorException($"{name} is a model for {task}; use 'seriatim {verb} -m {name}'.");
    }
}
