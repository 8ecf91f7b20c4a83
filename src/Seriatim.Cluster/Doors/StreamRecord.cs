using Seriatim.Generation;

namespace Seriatim.Cluster;

/// <summary>
/// What a door keeps of a stream: the request as it was when a silo last gave it whole, and the tokens that have come since. Of
/// this any replica can go on: from the tokens, where they tell the whole state, or once more from the state, and then what the
/// client has already is compared and left out. By the library's promise both give the same bytes.
/// </summary>
internal sealed class StreamRecord
{
    private readonly List<(int Choice, int? Token, TokenLogprobs? Logprobs)> _since = [];
    private readonly Dictionary<int, Queue<int?>> _again = [];
    private RequestState _base;
    private bool _hasEnded;

    /// <param name="state">The request; nothing has come out of it.</param>
    public StreamRecord(RequestState state) => _base = state;

    /// <summary>The request.</summary>
    public GenerationRequest Request => _base.Request;

    /// <summary>Tokens that have gone to the client.</summary>
    public int Tokens { get; private set; }

    /// <summary>Whether the next run begins again, and its first updates are known.</summary>
    public bool Repeats => _again.Count > 0;

    /// <summary>What a replica goes on from.</summary>
    /// <param name="elapsed">Time since the request came.</param>
    /// <param name="again">Whether to begin again even where tokens tell the state.</param>
    public RequestState Next(TimeSpan elapsed, bool again = false)
    {
        _again.Clear();
        if (!again && !_hasEnded && _since.TrueForAll(one => one.Token is not null)
            && _base.After([.. _since.Select(one => (one.Token!.Value, one.Logprobs))], elapsed) is { } state)
        {
            return state;
        }

        foreach ((int choice, int? token, _) in _since)
        {
            if (!_again.TryGetValue(choice, out Queue<int?>? tokens))
                _again[choice] = tokens = new Queue<int?>();
            tokens.Enqueue(token);
        }

        return _base.At(elapsed);
    }

    /// <summary>What comes next does not come of a run that was begun again.</summary>
    public void ForgetRepeat() => _again.Clear();

    /// <summary>Takes an update of the run.</summary>
    /// <returns>Whether it is new: the client gets it.</returns>
    /// <exception cref="StreamDifferentException">The run gives another token than the one before.</exception>
    public bool Take(in GenerationUpdate update)
    {
        if (_again.TryGetValue(update.Choice, out Queue<int?>? tokens))
        {
            int? before = tokens.Dequeue();
            if (tokens.Count == 0)
                _again.Remove(update.Choice);
            return before == update.TokenId ? false
                : throw new StreamDifferentException(update.Choice, before, update.TokenId);
        }

        // A sequence that has ended is in no list of tokens to go on from: only the result is missing.
        _hasEnded |= update.Finish is not null;
        _since.Add((update.Choice, update.TokenId, update.Logprobs));
        if (update.TokenId is not null)
            Tokens++;
        return true;
    }

    /// <summary>
    /// A silo has given the request whole: what it had told is in it. What the client has beyond that, of a run that was begun
    /// again and had not caught up, is known all the same.
    /// </summary>
    public void Take(RequestState state)
    {
        Dictionary<int, int> told = [];
        foreach (IGrouping<int, int> choice in _since.GroupBy(one => one.Choice, one => one.Choice))
            told[choice.Key] = choice.Count() - (_again.TryGetValue(choice.Key, out Queue<int?>? left) ? left.Count : 0);
        _since.RemoveAll(one => told[one.Choice]-- > 0);
        _base = state;
        _again.Clear();
    }
}
