namespace Seriatim.Server;

/// <summary>The last responses, in memory: those used longest ago are forgotten first, those under way never.</summary>
/// <param name="most">How many are kept.</param>
internal sealed class ResponseStore(int most)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<StoredResponse>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<StoredResponse> _used = new();

    /// <summary>Keeps a response.</summary>
    public void Add(StoredResponse response)
    {
        lock (_gate)
        {
            _byId[response.Id] = _used.AddLast(response);
            for (LinkedListNode<StoredResponse>? node = _used.First; node is not null && _byId.Count > most;)
            {
                LinkedListNode<StoredResponse> old = node;
                node = node.Next;
                if (old.Value.IsOver)
                    Forget(old);
            }
        }
    }

    /// <summary>A response of a client.</summary>
    /// <exception cref="ApiException">There is none of that id, or no longer, or it is another client's.</exception>
    public StoredResponse Find(string id, string owner)
    {
        lock (_gate)
        {
            if (!_byId.TryGetValue(id, out LinkedListNode<StoredResponse>? node) || node.Value.Owner != owner)
            {
                throw new ApiException(new ApiError(404, ApiError.InvalidRequest,
                    $"There is no response {id} here; the last {most} are kept, until the server ends.", "response_not_found",
                    "response_id"));
            }

            _used.Remove(node);
            _used.AddLast(node);
            return node.Value;
        }
    }

    /// <summary>Forgets a response.</summary>
    public void Remove(StoredResponse response)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(response.Id, out LinkedListNode<StoredResponse>? node))
                Forget(node);
        }
    }

    private void Forget(LinkedListNode<StoredResponse> node)
    {
        _byId.Remove(node.Value.Id);
        _used.Remove(node);
    }
}
