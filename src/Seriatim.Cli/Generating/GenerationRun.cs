using System.Diagnostics;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>All prompts at once: printed one after the other, counted meanwhile, and stopped together.</summary>
internal sealed class GenerationRun
{
    private readonly LanguageModel _model;
    private readonly IReadOnlyList<Prompt> _prompts;
    private readonly GenerationRequest[] _requests;
    private readonly StreamedChoices[] _streams;
    private readonly long _start = Stopwatch.GetTimestamp();

    public GenerationRun(LanguageModel model, IReadOnlyList<Prompt> prompts, GenerationRequest[] requests, CancellationToken cancellation)
    {
        (_model, _prompts, _requests) = (model, prompts, requests);
        _streams = [.. requests.Select(request => new StreamedChoices(model.Submit(request, cancellation)))];
    }

    private int Tokens => _streams.Sum(stream => stream.Tokens);

    /// <summary>Texts one after the other, the first choice of each streamed.</summary>
    public async Task<int> TextAsync(bool echo)
    {
        Task<int> printing = PrintTextAsync(echo);

        // Text that streams to a terminal is its own progress, and a second moving line would tear it.
        if (Console.IsOutputRedirected)
            await LiveProgress.ShowAsync(printing, Describe);
        return await printing;
    }

    /// <summary>One object a line, in the order of the prompts.</summary>
    public async Task<int> JsonAsync()
    {
        Task<int> printing = PrintJsonAsync();
        await LiveProgress.ShowAsync(printing, Describe);
        return await printing;
    }

    /// <summary>Counts, times, and where the time of a token went.</summary>
    public async Task SummariseAsync()
    {
        TimeSpan total = Stopwatch.GetElapsedTime(_start);
        GenerationResult[] results = await Task.WhenAll(_streams.Select(stream => stream.Completion));
        int prompt = results.Sum(r => r.Usage.PromptTokens), cached = results.Sum(r => r.Usage.CachedTokens), made = results.Sum(r => r.Usage.NewTokens);
        TimeSpan? first = results.Where(r => r.Timings.FirstToken is not null).Min(r => r.Timings.FirstToken);
        Note($"prompt: {prompt} tokens, {cached} from the prefix cache; first token after {first?.TotalMilliseconds:F1} ms");
        Note($"new: {made} tokens in {total.TotalSeconds:F2} s, {made / total.TotalSeconds:F1} tokens/s");
        long drafted = results.Sum(r => r.Usage.DraftTokens), accepted = results.Sum(r => r.Usage.AcceptedTokens);
        if (drafted > 0)
            Note($"drafts: {drafted} tokens, {accepted} accepted ({100.0 * accepted / drafted:F0} %)");
        if (_model.Trace?.Read() is not { } split || made == 0)
            return;
        (string Name, TimeSpan Time)[] parts =
        [
            ("prepare", split.Prepare), ("attention", split.Attention), ("feed-forward", split.FeedForward), ("norms", split.Norms),
            ("projection", split.Projection), ("sampling", split.Sampling), ("scheduling", split.Scheduling),
        ];
        double sum = Math.Max(parts.Sum(part => part.Time.TotalMilliseconds), double.Epsilon);
        Note($"a token: {sum / made:F3} ms over {split.Steps} steps");
        foreach ((string name, TimeSpan time) in parts)
            Note($"  {name,-13}{time.TotalMilliseconds / made,9:F4} ms {100 * time.TotalMilliseconds / sum,5:F1} %");
    }

    private async Task<int> PrintTextAsync(bool echo)
    {
        for (int i = 0; i < _streams.Length; i++)
        {
            string prompt = echo && _requests[i].EncoderInput.IsEmpty ? _prompts[i].Text : "";
            await Write(prompt);
            await foreach (GenerationUpdate update in _streams[i].First)
                await Write(update.Text);
            await _streams[i].Ended;
            foreach ((_, string text, _) in _streams[i].Choices.Where(choice => choice.Choice > 0))
                await Write($"\n\n{prompt}{text}");
            if (await IsCancelled(_streams[i]))
            {
                await Write("\n");
                return ExitCodes.Interrupted;
            }

            await Write(i + 1 < _streams.Length ? "\n\n" : "\n");
        }

        return ExitCodes.Success;
    }

    private async Task<int> PrintJsonAsync()
    {
        int code = ExitCodes.Success;
        for (int i = 0; i < _streams.Length; i++)
        {
            int index = i;
            await _streams[i].Ended;
            IEnumerable<GenerationLine> lines;
            if (await IsCancelled(_streams[i]))
            {
                code = ExitCodes.Interrupted;
                lines = _streams[i].Choices.Select(c => GenerationLine.Cancelled(index, _prompts[index], _requests[index], c.Choice, c.Text, c.Ids));
            }
            else
            {
                GenerationResult result = await _streams[i].Completion;
                lines = result.Choices.Select(choice => GenerationLine.Of(index, _prompts[index], _requests[index], choice, result));
            }

            foreach (GenerationLine line in lines)
                await Write(JsonSerializer.Serialize(line, CliJson.Lines.GenerationLine) + "\n");
        }

        return code;
    }

    /// <summary>Whether the request was stopped; a failure is thrown.</summary>
    private static async Task<bool> IsCancelled(StreamedChoices stream)
    {
        try
        {
            await stream.Reading;
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private string Describe()
    {
        int tokens = Tokens;
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        string ended = _streams.Length == 1 ? "" : $", {_streams.Count(stream => stream.Ended.IsCompleted)} of {_streams.Length} prompts";
        return FormattableString.Invariant($"{tokens} tokens, {tokens / seconds:F1} tokens/s{ended}");
    }

    private static void Note(FormattableString message) => Terminal.Note(FormattableString.Invariant(message));

    private static async Task Write(string text)
    {
        await Console.Out.WriteAsync(text);
        await Console.Out.FlushAsync();
    }
}
