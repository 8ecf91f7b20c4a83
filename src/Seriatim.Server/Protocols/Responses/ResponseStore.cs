namespace Seriatim.Server;

/// <summary>
/// The last responses, in memory, bounded in number and in bytes: those used longest ago are forgotten first, those under way
/// never, and one that is larger than all may be together only for the next one.
/// </summary>
/// <param name="most">How many are kept.</param>
/// <param name="mostBytes">How much memory they may hold together, about.</param>
internal sealed class ResponseStore(int most, long mostBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Kept>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<Kept> _used = new();
    private long _bytes;

    /// <summary>How much memory they hold together, about.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <summary>Keeps a response, in place of one of its id: a client that comes again has it made again.</summary>
    public void Add(StoredResponse response)
    {
        long bytes = response.Bytes;
        lock (_gate)
        {
            if (_byId.TryGetValue(response.Id, out LinkedListNode<Kept>? before))
                Forget(before);
            _byId[response.Id] = _used.AddLast(new Kept(response) { Bytes = bytes });
            _bytes += bytes;
            Trim();
        }
    }

    /// <summary>Counts a response anew that has ended: it holds its answer now.</summary>
    public void Settle(StoredResponse response)
    {
        long bytes = response.Bytes;
        lock (_gate)
        {
            if (!_byId.TryGetValue(response.Id, out LinkedListNode<Kept>? node) || node.Value.Response != response)
                return;
            _bytes += bytes - node.Value.Bytes;
            node.Value.Bytes = bytes;
            Trim();
        }
    }

    /// <summary>A response of a client.</summary>
    /// <exception cref="ApiException">There is none of that id, or no longer, or it is another client's.</exception>
    public StoredResponse Find(string id, string owner) => TryFind(id, owner)
        ?? throw new ApiException(new ApiError(404, ApiError.InvalidRequest,
            $"There is no response {id} here; the last {most} are kept, as far as {mostBytes} bytes hold them, until the "
                + "server ends.",
            "response_not_found", "response_id"));

    /// <summary>A response of a client; null: there is none of that id, or no longer, or it is another client's.</summary>
    public StoredResponse? TryFind(string id, string owner)
    {
        lock (_gate)
        {
            if (!_byId.TryGetValue(id, out LinkedListNode<Kept>? node) || node.Value.Response.Owner != owner)
                return null;

            _used.Remove(node);
            _used.AddLast(node);
            return node.Value.Response;
        }
    }

    /// <summary>Forgets a response.</summary>
    public void Remove(StoredResponse response)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(response.Id, out LinkedListNode<Kept>? node))
                Forget(node);
        }
    }

    /// <summary>Forgets the response of an id, if it is here: one under way is cancelled.</summary>
    public void Remove(string id)
    {
        lock (_gate)
        {
            if (!_byId.TryGetValue(id, out LinkedListNode<Kept>? node))
                return;
            Forget(node);
            node.Value.Response.Ending.Cancel();
        }
    }

    private void Trim()
    {
        for (LinkedListNode<Kept>? node = _used.First; node is not null;)
        {
            if (_byId.Count <= most && (_bytes <= mostBytes || _byId.Count <= 1))
                return;
            LinkedListNode<Kept> old = node;
            node = node.Next;
            if (old.Value.Response.IsOver)
                Forget(old);
        }
    }

    private void Forget(LinkedListNode<Kept> node)
    {
        _byId.Remove(node.Value.Response.Id);
        _used.Remove(node);
        _bytes -= node.Value.Bytes;
    }

    private sealed class Kept(StoredResponse response)
    {
        public StoredResponse Response => response;

        public long Bytes { get; set; }
    }
}
