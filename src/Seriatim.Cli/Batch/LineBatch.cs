using System.Diagnostics;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>
/// Texts that are worked on together, and printed in their order as soon as each and those before it are ready. One that fails is
/// named by its line, the others are done, and the exit code says so.
/// </summary>
/// <param name="lines">The texts.</param>
/// <param name="output">Where results go.</param>
/// <param name="json">
/// Whether results are objects; a failed text is one too then, and else an empty line, so that lines keep their places.
/// </param>
internal sealed class LineBatch(TextLines lines, LineOutput output, bool json)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _done, _failed;
    private string? _firstFailure;

    /// <summary>Texts so far.</summary>
    public int Done => _done;

    /// <summary>Works and prints.</summary>
    /// <param name="work">The work on a text.</param>
    /// <param name="print">
    /// What is printed of a result, without the end of its last line: number of the text from 0, text, result.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<int> RunAsync<T>(Func<string, CancellationToken, Task<T>> work, Func<int, string, T, string> print,
        CancellationToken cancellation)
    {
        Task all = OrderedWork.RunAsync(lines.ReadAsync(cancellation), work, (text, result) => TakeAsync(text, result, print),
            cancellation);

        // Lines that a terminal shows are their own progress, and a second moving line would tear them.
        if (!output.IsTerminal)
            await LiveProgress.ShowAsync(all, Describe);
        await all;
        if (_failed > 0 && _done > 1)
            Terminal.Note($"{_failed:N0} of {_done:N0} texts failed.");
        return _failed > 0 ? ExitCodes.Failure : ExitCodes.Success;
    }

    private async Task TakeAsync<T>(string text, Task<T> work, Func<int, string, T, string> print)
    {
        int index = _done;
        try
        {
            T result = await work;
            _done++;
            await output.WriteAsync(print(index, text, result));
        }
        catch (GenerationException failure) when (failure is not InvalidOptionException invalid
            || !FlagNames.HasFlag(invalid.Option))
        {
            _done++;
            await FailAsync(index, text, failure);
        }
    }

    private async Task FailAsync(int index, string text, GenerationException failure)
    {
        string message = failure is TextTooLongException tooLong
            ? $"It has {tooLong.Tokens} tokens; {tooLong.Limit} is the most that is read. Cut it into sentences."
            : FlagNames.Describe(failure);

        // What is wrong with the model is wrong with every text.
        if (_failed == index && failure is ModelTaskException && message == _firstFailure)
            throw new UserErrorException("The second text fails as the first did; the rest is left.");
        _firstFailure ??= message;
        _failed++;
        string place = lines.Place(index + 1);
        Terminal.Error(place.Length == 0 ? message : $"{place}: {message}");
        if (json)
            await output.WriteAsync(JsonSerializer.Serialize(new FailedLine(index, text, message), CliJson.Lines.FailedLine));
        else if (!lines.IsSingle)
            await output.WriteAsync("");
    }

    private string Describe()
    {
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return FormattableString.Invariant(
            $"{_done:N0} texts, {_done / seconds:F1} a second{(_failed > 0 ? $", {_failed} failed" : "")}");
    }
}

/// <summary>What <c>--json</c> prints of a text that failed.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Error">Why.</param>
internal sealed record FailedLine(int Index, string Text, string Error);
