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
    private readonly TextOutput _output = new();
    private readonly long _start = Stopwatch.GetTimestamp();

    public GenerationRun(LanguageModel model, IReadOnlyList<Prompt> prompts, GenerationRequest[] requests,
        CancellationToken cancellation)
    {
        (_model, _prompts, _requests) = (model, prompts, requests);
        _streams = [.. requests.Select(request => Begin(model, request, cancellation))];

        // What is wrong with all prompts is wrong with the command line.
        if (_streams.All(stream => stream.Refusal is InvalidOptionException))
            throw _streams[0].Refusal!;
    }

    private int Failed => _streams.Count(stream => stream.Reading.IsFaulted);

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
        GenerationResult[] results = await Task.WhenAll(_streams.Where(stream => stream.Reading.IsCompletedSuccessfully)
            .Select(stream => stream.Completion));
        if (results.Length == 0)
            return;
        int prompt = results.Sum(r => r.Usage.PromptTokens), cached = results.Sum(r => r.Usage.CachedTokens),
            made = results.Sum(r => r.Usage.NewTokens);
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
            ("prepare", split.Prepare), ("attention", split.Attention), ("feed-forward", split.FeedForward),
            ("norms", split.Norms), ("projection", split.Projection), ("sampling", split.Sampling),
            ("scheduling", split.Scheduling),
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
            if (_streams[i].Refusal is { } refusal)
            {
                Say(i, refusal);
                continue;
            }

            await _output.WriteAsync(prompt);
            await foreach (GenerationUpdate update in _streams[i].First)
                await _output.WriteAsync(update.Text);
            await _streams[i].Ended;
            foreach ((_, string text, _) in _streams[i].Choices.Where(choice => choice.Choice > 0))
                await _output.WriteAsync($"\n\n{prompt}{text}");
            await _output.WriteAsync("\n");
            if (_streams[i].Reading.IsCanceled)
                return ExitCodes.Interrupted;
            if (Failure(_streams[i]) is { } failure)
                Say(i, failure);
            if (i + 1 < _streams.Length)
                await _output.WriteAsync("\n");
        }

        return End();
    }

    private async Task<int> PrintJsonAsync()
    {
        bool stopped = false;
        for (int i = 0; i < _streams.Length; i++)
        {
            await _streams[i].Ended;
            if (Failure(_streams[i]) is { } failure)
            {
                Say(i, failure);
                await WriteLineAsync(JsonSerializer.Serialize(new FailedLine(i, _prompts[i].Text, FlagNames.Describe(failure)),
                    CliJson.Lines.FailedLine));
                continue;
            }

            stopped |= _streams[i].Reading.IsCanceled;
            IEnumerable<GenerationLine> lines = _streams[i].Reading.IsCanceled
                ? Cancelled(i)
                : await CompleteAsync(i);
            foreach (GenerationLine line in lines)
                await WriteLineAsync(JsonSerializer.Serialize(line, CliJson.Lines.GenerationLine));
        }

        return stopped ? ExitCodes.Interrupted : End();
    }

    /// <summary>What there is of each continuation that was asked for; of those that do not stream, nothing.</summary>
    private IEnumerable<GenerationLine> Cancelled(int index)
    {
        var choices = _streams[index].Choices.ToDictionary(choice => choice.Choice, choice => (choice.Text, choice.Ids));
        return Enumerable.Range(0, _requests[index].Count).Union(choices.Keys).Select(choice =>
        {
            (string text, IReadOnlyList<int> ids) = choices.GetValueOrDefault(choice, ("", []));
            return GenerationLine.Cancelled(index, _prompts[index], _requests[index], choice, text, ids);
        });
    }

    private async Task<IEnumerable<GenerationLine>> CompleteAsync(int index)
    {
        GenerationResult result = await _streams[index].Completion;
        return result.Choices.Select(choice => GenerationLine.Of(index, _prompts[index], _requests[index], choice, result));
    }

    private static StreamedChoices Begin(LanguageModel model, GenerationRequest request, CancellationToken cancellation)
    {
        try
        {
            return new StreamedChoices(model.Submit(request, cancellation));
        }
        catch (GenerationException failure)
        {
            return new StreamedChoices(failure);
        }
    }

    /// <summary>Why a request failed; null: it did not. What is no answer of the engine is thrown.</summary>
    private static GenerationException? Failure(StreamedChoices stream) => stream.Reading.Exception?.InnerException switch
    {
        null => null,
        GenerationException failure => failure,
        var defect => throw new InvalidOperationException(defect.Message, defect),
    };

    /// <summary>Names a prompt that failed; one alone needs no name, and ends the program.</summary>
    private void Say(int index, GenerationException failure)
    {
        if (_prompts[index].Place is not { } place)
            throw failure;
        Terminal.Error($"{place}: {FlagNames.Describe(failure)}");
    }

    private int End()
    {
        if (Failed == 0)
            return ExitCodes.Success;
        Terminal.Note($"{Failed:N0} of {_streams.Length:N0} prompts failed.");
        return ExitCodes.Failure;
    }

    private string Describe()
    {
        int tokens = Tokens;
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        string ended = _streams.Length == 1
            ? ""
            : $", {_streams.Count(stream => stream.Ended.IsCompleted)} of {_streams.Length} prompts";
        return FormattableString.Invariant($"{tokens} tokens, {tokens / seconds:F1} tokens/s{ended}");
    }

    private static void Note(FormattableString message) => Terminal.Note(FormattableString.Invariant(message));

    private static async Task WriteLineAsync(string text)
    {
        await Console.Out.WriteAsync(text + "\n");
        await Console.Out.FlushAsync();
    }
}
