using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary><c>seriatim generate</c>: continues a prompt, or many at once.</summary>
internal static class GenerateCommand
{
    /// <summary>What the adapter is called in requests; nobody else has one.</summary>
    private const string AdapterName = "lora";

    public static Command Build()
    {
        var model = new DefaultModel("stories");
        Option<int> threads = SharedOptions.Threads();
        Option<int?> context = SharedOptions.Context();
        Option<string> cacheType = SharedOptions.CacheType();
        Option<string?> packCache = SharedOptions.PackCache();
        Option<bool> json = SharedOptions.Json("one JSON object a continuation, with token ids");
        var source = new PromptSource();
        var flags = new GenerationFlags();
        var stages = new StageFlags();
        Option<int?> logprobs = Flag.Maybe<int?>(
            "With --json: log-probability of each new token, and so many of the most probable ones.", "n", "--logprobs");
        Option<int?> promptLogprobs =
            Flag.Maybe<int?>("With --json: the same for each token of the prompt.", "n", "--prompt-logprobs");
        Option<bool> quiet =
            Flag.Switch("Print the continuation only, not the prompt before it.", "--no-echo", "--no-display-prompt");
        Option<bool> verbose =
            Flag.Switch("Print counts, times and where the time of a token goes to standard error.", "--verbose", "-v");
        Option<string?> adapter = Flag.Maybe<string>(
            "An adapter (LoRA) of the model to generate with: a folder as PEFT saves it.", "folder", "--lora");
        var command = new Command("generate", "Continue a text.") { model.Option, adapter };
        source.AddTo(command);
        command.Add("Output and memory",
            [quiet, json, logprobs, promptLogprobs, verbose, threads, context, cacheType, packCache]);
        command.Add("Several processes", stages.All);
        flags.AddTo(command);
        command.SetAction((result, cancellation) => StageRanks.RunAsync(async ranks =>
        {
            PipelineOptions? pipeline = stages.Read(result, ranks);
            bool asJson = result.GetValue(json), isVerbose = result.GetValue(verbose);
            result.Require(asJson, "--json", logprobs, promptLogprobs);
            result.Require(!asJson, "text output (leave --json out; its objects hold both)", quiet);
            LanguageModelOptions options = SharedOptions.Read(result, threads, context, cacheType, packCache);
            options = options with { Pipeline = pipeline, Threads = TrainingRanks.Threads(ranks.Group, options.Threads) };
            if (!ranks.Group.IsFirst)
                return await StageRanks.FollowAsync(await model.ResolveAsync(result, cancellation), options, cancellation);
            string? lora = result.GetValue(adapter);
            if (lora is not null)
                PeftAdapter.RequireFiles(lora);
            IReadOnlyList<Prompt> prompts = await source.ReadAsync(result, cancellation);
            options = options with
            {
                Adapters = lora is null ? [] : [new AdapterFile { Name = AdapterName, Path = lora }],
                Trace = isVerbose && pipeline is null,
                DraftModel = flags.DraftModel(result) is { } draft ? await ModelFolder.ResolveAsync(draft, cancellation) : null,
                Engine = options.Engine with { MaxQueuedRequests = Math.Max(options.Engine.MaxQueuedRequests, prompts.Count) },
            };
            string folder = await model.ResolveAsync(result, cancellation);
            using LanguageModel opened = await LanguageModel.OpenAsync(folder, options, cancellation);
            ranks.IsOpen = true;
            StageRanks.Tell(opened);
            GenerationRequest[] requests =
                [.. prompts.Select(prompt => flags.Apply(result, prompt, opened, opened.Request(prompt.Text)) with
                {
                    Logprobs = result.GetValue(logprobs),
                    PromptLogprobs = result.GetValue(promptLogprobs),
                    Adapter = lora is null ? null : AdapterName,
                })];
            var run = new GenerationRun(opened, prompts, requests, cancellation);
            int code = asJson ? await run.JsonAsync() : await run.TextAsync(echo: !result.GetValue(quiet));

            // Who likes a text can have it again; what pipes get says it in --json.
            if (flags.DrawnSeed(result) is { } seed && !asJson && (isVerbose || !Console.IsErrorRedirected))
                Terminal.Note($"seed {seed}");
            foreach (string note in isVerbose ? opened.Defaults.Notes : [])
                Terminal.Note(note);
            if (isVerbose && code == ExitCodes.Success)
            {
                await run.SummariseAsync();
                StageRanks.Tell(opened);
            }

            return code;
        }));
        return command;
    }
}
