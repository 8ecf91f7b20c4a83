using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The last requests, found by their id or their answer's. Bounded in number and in the prompts' tokens.</summary>
internal sealed class RequestRing(int most, bool keepsPrompts)
{
    /// <summary>Most tokens of prompts that are kept, of all requests together: 16 MB.</summary>
    private const long MostTokens = 1L << 22;

    private readonly Lock _gate = new();
    private readonly Queue<RequestRecord> _records = [];
    private readonly Dictionary<string, RequestRecord> _byId = new(StringComparer.Ordinal);
    private long _tokens;

    /// <summary>Remembers a request; null: nothing is remembered.</summary>
    public RequestRecord? Begin(ApiCall call, ModelUse use, JobPlan plan)
    {
        if (most == 0)
            return null;
        var record = new RequestRecord(call, use, [.. plan.Requests.Select(request => RecordedPrompt.Of(request, keepsPrompts))]);
        lock (_gate)
        {
            _records.Enqueue(record);
            _byId[record.Id] = record;
            _byId[record.Number] = record;
            _tokens += TokensOf(record);
            while (_records.Count > most || (_tokens > MostTokens && _records.Count > 1))
                Forget(_records.Dequeue());
        }

        return record;
    }

    /// <summary>The request of an id (<c>x-request-id</c>), or of its answer's; null: there is none any more.</summary>
    public RequestRecord? Find(string id)
    {
        lock (_gate)
        {
            return _byId.GetValueOrDefault(id)
                ?? (id.LastIndexOfAny(['-', '_']) is > 0 and var at ? _byId.GetValueOrDefault(id[(at + 1)..]) : null);
        }
    }

    private static long TokensOf(RequestRecord record) =>
        record.Prompts.Sum(prompt => prompt.Request is null ? 0L : prompt.Tokens);

    private void Forget(RequestRecord record)
    {
        _tokens -= TokensOf(record);
        foreach (string id in new[] { record.Id, record.Number })
        {
            if (_byId.GetValueOrDefault(id) == record)
                _byId.Remove(id);
        }
    }
}
