using System.Collections.Concurrent;
using System.Globalization;

namespace Seriatim.Cluster.Tests;

/// <summary>A store of durable requests in the tests' memory, which fills up or breaks when a test says so.</summary>
internal sealed class MemoryKeptStore : IKeptStore
{
    private readonly ConcurrentDictionary<string, (KeptRecord Record, int Tag)> _records = new(StringComparer.Ordinal);

    /// <summary>Whether it fails, as one that is full or gone.</summary>
    public bool IsBroken { get; set; }

    /// <summary>After how many writes what is written is lost, as with a door that died before; null: nothing is.</summary>
    public int? LosesAfter { get; set; }

    /// <summary>How many writes are told to have failed although they have come there.</summary>
    public int Late { get; set; }

    /// <summary>Whether it forgets a record before it is written once more.</summary>
    public bool Forgets { get; set; }

    public bool ThrowsAway { get; set; }

    public int Writes { get; private set; }

    public IEnumerable<KeptRecord> Records => _records.Values.Select(one => one.Record);

    public Task<(KeptRecord Record, string Tag)?> ReadAsync(string number)
    {
        Require();
        return Task.FromResult<(KeptRecord, string)?>(_records.TryGetValue(number, out (KeptRecord Record, int Tag) found)
            ? (found.Record, Text(found.Tag)) : null);
    }

    public Task<string> WriteAsync(string number, KeptRecord record, string? tag)
    {
        Require();
        lock (_records)
        {
            if (Forgets && tag is not null && _records.TryRemove(number, out _))
                Forgets = false;
            int next = tag is null ? 1 : int.Parse(tag, CultureInfo.InvariantCulture) + 1;
            bool isThere = _records.TryGetValue(number, out (KeptRecord Record, int Tag) found);
            if (isThere ? Text(found.Tag) != tag : tag is not null)
                throw new KeptTakenException();
            _records[number] = (++Writes > LosesAfter && isThere ? found.Record : record, next);
            return tag is null || Late == 0 ? Task.FromResult(Text(next)) : FailedAsync();
        }
    }

    public Task ClearAsync(string number)
    {
        Require();
        _records.TryRemove(number, out _);
        return Task.CompletedTask;
    }

    private Task<string> FailedAsync()
    {
        Late--;
        return Task.FromException<string>(new TimeoutException("The operation has timed out."));
    }

    private static string Text(int tag) => tag.ToString(CultureInfo.InvariantCulture);

    private void Require()
    {
        if (IsBroken)
            throw new IOException("OOM command not allowed when used memory is above maxmemory.");
    }
}
