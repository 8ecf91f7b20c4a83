using System.Text;
using System.Threading.Channels;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>
/// Reads a request's stream as it comes, whether or not somebody prints it yet: so tokens are counted, and what
/// there is can be printed when it is stopped.
/// </summary>
internal sealed class StreamedChoices
{
    private readonly Channel<GenerationUpdate> _first = Channel.CreateUnbounded<GenerationUpdate>();
    private readonly SortedDictionary<int, (StringBuilder Text, List<int> Ids)> _choices = [];
    private readonly GenerationHandle? _handle;
    private int _tokens;

    public StreamedChoices(GenerationHandle handle)
    {
        _handle = handle;
        Reading = ReadAsync();
        Ended = Task.WhenAny(Reading);
    }

    /// <summary>A request that was refused.</summary>
    public StreamedChoices(GenerationException refusal)
    {
        Refusal = refusal;
        Reading = Task.FromException(refusal);
        Ended = Task.CompletedTask;
        _first.Writer.TryComplete();
    }

    /// <summary>Why the request was refused; null: it runs, or has run.</summary>
    public GenerationException? Refusal { get; }

    /// <summary>Ends as the request ends; fails as it fails.</summary>
    public Task Reading { get; }

    /// <summary>Ends as the request ends, without failing.</summary>
    public Task Ended { get; }

    /// <summary>New tokens of all choices so far.</summary>
    public int Tokens => Volatile.Read(ref _tokens);

    public Task<GenerationResult> Completion => _handle?.Completion ?? Task.FromException<GenerationResult>(Refusal!);

    /// <summary>The pieces of the first choice, as they come.</summary>
    public IAsyncEnumerable<GenerationUpdate> First => _first.Reader.ReadAllAsync();

    /// <summary>What there is of each choice; only when reading has ended.</summary>
    public IEnumerable<(int Choice, string Text, IReadOnlyList<int> Ids)> Choices =>
        _choices.Select(pair => (pair.Key, $"{pair.Value.Text}", (IReadOnlyList<int>)pair.Value.Ids));

    private async Task ReadAsync()
    {
        try
        {
            await foreach (GenerationUpdate update in _handle!)
            {
                if (!_choices.TryGetValue(update.Choice, out (StringBuilder Text, List<int> Ids) choice))
                    _choices[update.Choice] = choice = (new StringBuilder(), []);
                choice.Text.Append(update.Text);
                if (update.TokenId is { } id)
                {
                    choice.Ids.Add(id);
                    Interlocked.Increment(ref _tokens);
                }

                if (update.Choice == 0)
                    _first.Writer.TryWrite(update);
            }
        }
        finally
        {
            _first.Writer.TryComplete();
        }
    }
}
