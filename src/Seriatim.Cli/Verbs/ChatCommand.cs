using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary><c>seriatim chat</c>: a conversation, on a terminal or through a pipe with one message a line.</summary>
internal static class ChatCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<int?> context = SharedOptions.Context();
        Option<string> cacheType = SharedOptions.CacheType();
        Option<bool> json = SharedOptions.Json("one JSON object an answer");
        Option<string?> system = Flag.Maybe<string>("What the model is told before the conversation.", "text", "--system-prompt", "-sys");
        Option<string?> template = Flag.Maybe<string>("A Jinja chat template to use instead of the model's own.", "file", "--chat-template-file");
        Option<int> most = Flag.Of("Most new tokens of an answer; -1: until the model ends it or the context is full.", "n", -1, "--max-tokens", "-n", "--predict");
        Option<ulong> seed = Flag.Of("Seed of the random numbers.", "n", 0ul, "--seed", "-s");
        var sampler = new SamplerFlags();
        var penalty = new PenaltyFlags();
        var length = new ContextFlags();
        var command = new Command("chat", "Talk with a model. /reset forgets the conversation, /exit ends it.") { model, threads, context, cacheType, json, system, template, most, seed };
        foreach (Option option in sampler.All.Concat(penalty.All).Concat(length.All))
            command.Add(option);
        command.SetAction(async (result, cancellation) =>
        {
            string? file = result.GetValue(template);
            if (file is not null && !File.Exists(file))
                throw new UserErrorException($"{file}: there is no such file.");
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using LanguageModel opened = await LanguageModel.OpenAsync(folder, SharedOptions.Read(result, threads, context, cacheType), cancellation);
            var settings = new GenerationRequest
            {
                Prompt = default,
                MaxNewTokens = result.GetValue(most) is var n && n == -1 ? null : n,
                Seed = result.GetValue(seed),
                Sampling = sampler.Read(result, beams: false) with { Penalties = penalty.Read(result, opened.Tokenizer) },
            };
            settings = length.Apply(result, opened, settings);
            ChatTemplate? own = file is null ? null : new ChatTemplate(await File.ReadAllTextAsync(file, cancellation));
            if (own is null && opened.Tokenizer.ChatTemplate is null)
                throw new UserErrorException($"{result.GetRequiredValue(model)} has no chat template, so it is not known how it wants a conversation written. Give one with --chat-template-file, or use generate.");
            return await new ChatSession(opened, own, settings, result.GetValue(system), result.GetValue(json)).RunAsync(cancellation);
        });
        return command;
    }
}
