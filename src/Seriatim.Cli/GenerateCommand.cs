using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary><c>seriatim generate</c>: continues a prompt, or many at once.</summary>
internal static class GenerateCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a prompt, with token ids");
        var source = new PromptSource();
        var flags = new SamplingFlags();
        var context = new Option<int?>("--ctx-size", "-c") { Description = "Positions kept in memory for all sequences together (default: what fits into 1 GiB).", HelpName = "n" };
        var quiet = new Option<bool>("--no-echo", "--no-display-prompt") { Description = "Print the continuation only, not the prompt before it." };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Print counts and times to standard error." };
        var command = new Command("generate", "Continue a text.") { model, threads, json, context, quiet, verbose };
        source.AddTo(command);
        flags.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            IReadOnlyList<Prompt> prompts = await source.ReadAsync(result, cancellation);
            var options = new LanguageModelOptions { Threads = result.GetValue(threads), Engine = Engine(result.GetValue(context)) };
            if (options.Threads < 0)
                throw new UserErrorException($"--threads is {options.Threads}; it must be 0 (one a core) or more.");
            using LanguageModel opened = await LanguageModel.OpenAsync(ModelPath.Resolve(result.GetRequiredValue(model)), options, cancellation);
            GenerationRequest[] requests = [.. prompts.Select(prompt => flags.Apply(result, prompt, opened.Request(prompt.Text)))];
            var run = new Run(opened, prompts, requests, Echo: !result.GetValue(quiet), Verbose: result.GetValue(verbose));
            return result.GetValue(json) ? await run.JsonAsync(cancellation) : await run.TextAsync(cancellation);
        });
        return command;
    }

    private static EngineOptions Engine(int? context)
    {
        if (context is < 1)
            throw new UserErrorException($"--ctx-size is {context}; it must be at least 1.");
        var engine = new EngineOptions();
        return context is { } positions ? engine with { Pages = (positions + engine.PageSize - 1) / engine.PageSize } : engine;
    }

    private sealed record Run(LanguageModel Model, IReadOnlyList<Prompt> Prompts, GenerationRequest[] Requests, bool Echo, bool Verbose)
    {
        /// <summary>Texts one after the other, each streamed; all are generated together.</summary>
        public async Task<int> TextAsync(CancellationToken cancellation)
        {
            long start = Stopwatch.GetTimestamp();
            GenerationHandle[] handles = [.. Requests.Select(request => Model.Engine.Submit(request, cancellation))];
            try
            {
                for (int i = 0; i < handles.Length; i++)
                {
                    bool echo = Echo && Requests[i].EncoderInput.IsEmpty;
                    if (echo)
                        await Write(Prompts[i].Text);
                    int choice = 0;
                    await foreach (GenerationUpdate update in Ordered(handles[i], cancellation))
                    {
                        if (update.Choice != choice)
                        {
                            choice = update.Choice;
                            await Write(echo ? $"\n\n{Prompts[i].Text}" : "\n\n");
                        }

                        await Write(update.Text);
                    }

                    await Write(i + 1 < handles.Length ? "\n\n" : "\n");
                }
            }
            catch (OperationCanceledException)
            {
                await Write("\n");
                return ExitCodes.Interrupted;
            }

            if (Verbose)
            {
                GenerationResult[] results = await Task.WhenAll(handles.Select(handle => handle.Completion));
                Summary(results, Stopwatch.GetElapsedTime(start));
            }

            return ExitCodes.Success;
        }

        /// <summary>One object a line, in the order of the prompts.</summary>
        public async Task<int> JsonAsync(CancellationToken cancellation)
        {
            long start = Stopwatch.GetTimestamp();
            GenerationHandle[] handles = [.. Requests.Select(request => Model.Engine.Submit(request, cancellation))];
            var results = new List<GenerationResult>();
            for (int i = 0; i < handles.Length; i++)
            {
                GenerationResult result = await handles[i].Completion;
                results.Add(result);
                foreach (GenerationChoice choice in result.Choices)
                {
                    string line = JsonSerializer.Serialize(GenerationLine.Of(i, Prompts[i], Requests[i], choice, result), CliJson.Lines.GenerationLine);
                    await Write(line + "\n");
                }
            }

            if (Verbose)
                Summary(results, Stopwatch.GetElapsedTime(start));
            return ExitCodes.Success;
        }

        /// <summary>
        /// Choices of one request come out mixed, and beams only at the end; a person reads one after the other. The first is streamed, the
        /// others follow whole.
        /// </summary>
        private static async IAsyncEnumerable<GenerationUpdate> Ordered(
            GenerationHandle handle, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            var later = new List<GenerationUpdate>();
            await foreach (GenerationUpdate update in handle.WithCancellation(cancellation))
            {
                if (update.Choice == 0)
                    yield return update;
                else
                    later.Add(update);
            }

            foreach (GenerationUpdate update in later.OrderBy(update => update.Choice))
                yield return update;
        }

        private static async Task Write(string text)
        {
            await Console.Out.WriteAsync(text);
            await Console.Out.FlushAsync();
        }

        private static void Summary(IReadOnlyList<GenerationResult> results, TimeSpan total)
        {
            int prompt = results.Sum(r => r.Usage.PromptTokens);
            int cached = results.Sum(r => r.Usage.CachedTokens);
            int made = results.Sum(r => r.Usage.NewTokens);
            TimeSpan? first = results.Where(r => r.Timings.FirstToken is not null).Min(r => r.Timings.FirstToken);
            Terminal.Note(FormattableString.Invariant($"prompt: {prompt} tokens, {cached} from the prefix cache; first token after {first?.TotalMilliseconds:F1} ms"));
            Terminal.Note(FormattableString.Invariant($"new: {made} tokens in {total.TotalSeconds:F2} s, {made / total.TotalSeconds:F1} tokens/s"));
        }
    }
}
