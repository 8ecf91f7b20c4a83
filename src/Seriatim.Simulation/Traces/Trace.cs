namespace Seriatim.Simulation;

/// <summary>
/// Requests in their order. Those of a conversation go one after the other: each has the questions and answers before it in front
/// of its own tokens, and comes when the answer before is there.
/// </summary>
internal sealed class Trace
{
    private readonly TraceRequest[] _requests;

    /// <summary>Takes requests over, of which histories and followers are not known yet.</summary>
    /// <exception cref="SimulationException">The first request of a conversation does not say when it comes.</exception>
    public Trace(IEnumerable<TraceRequest> requests)
    {
        _requests = [.. requests];
        if (_requests.Length == 0)
            throw new SimulationException("The trace has no requests.");
        var last = new Dictionary<int, int>();
        var first = new List<int>();
        for (int i = 0; i < _requests.Length; i++)
        {
            TraceRequest own = _requests[i];
            if (!last.TryGetValue(own.Conversation, out int before))
            {
                if (double.IsNaN(own.At))
                    throw new SimulationException($"Request {i + 1} is the first of its conversation and has no 'at'.");
                first.Add(i);
                _requests[i] = own with { History = own.PrefixTokens, Next = -1 };
            }
            else
            {
                TraceRequest other = _requests[before];
                _requests[before] = other with { Next = i };
                _requests[i] = own with
                {
                    Prefix = other.Prefix,
                    PrefixTokens = other.PrefixTokens,
                    History = checked(other.Length + other.Output),
                    Next = -1,
                };
            }

            last[own.Conversation] = i;
        }

        First = first;
    }

    /// <summary>The requests.</summary>
    public IReadOnlyList<TraceRequest> Requests => _requests;

    /// <summary>The first requests of all conversations.</summary>
    public IReadOnlyList<int> First { get; }

    /// <summary>Positions of the longest request with its answer.</summary>
    public int Longest => _requests.Max(request => request.Length + request.Output);

    /// <summary>
    /// The token at a position of a conversation, asked or answered: the same wherever it is looked at, and the same as another
    /// conversation's only where they have their prefix in common.
    /// </summary>
    /// <param name="request">A request of the conversation.</param>
    /// <param name="position">The position.</param>
    public static int TokenAt(in TraceRequest request, int position)
    {
        ulong text = position < request.PrefixTokens ? (ulong)(uint)request.Prefix : (1UL << 40) + (uint)request.Conversation;
        return (int)(Chance.Mix(Chance.Mix(text) + (ulong)(uint)position) >> 33);
    }
}
