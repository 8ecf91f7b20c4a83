namespace Seriatim.Cluster;

/// <summary>The store of the membership while a silo runs: whether it can be used, and what it tells of others.</summary>
/// <param name="store">The store.</param>
/// <param name="mark">How this silo speaks to others, written there.</param>
internal sealed class MembershipStore(IClusterStore store, ClusterMark mark) : IDisposable
{
    private string? _unwritten;

    /// <summary>What keeps the list.</summary>
    public string Kind => store.Kind;

    /// <summary>Why it cannot be used; null: it can.</summary>
    public string? Failure => store.Failure ?? _unwritten;

    /// <summary>Whether the mark is to be written again at once.</summary>
    public bool IsUnwritten => _unwritten is not null;

    /// <summary>By how much this machine's clock is wrong; null: by no more than does no harm.</summary>
    public TimeSpan? Wrong { get; private set; }

    /// <summary>Looks whether it can be reached.</summary>
    public Task LookAsync() => store.LookAsync();

    /// <summary>Says again how this silo speaks, and throws away what is over.</summary>
    /// <returns>How others speak that this one will not understand; null: none does otherwise.</returns>
    public async Task<string?> MarkAsync()
    {
        try
        {
            Wrong = await mark.WrongAsync().ConfigureAwait(false);
            string? other = await mark.WriteAsync().ConfigureAwait(false);
            await store.ThrowAwayAsync().ConfigureAwait(false);
            _unwritten = null;
            return other;
        }
        catch (Exception failure)
        {
            // Gone, full, or without rights: Failure tells it.
            _unwritten = KeptRequests.ReasonOf(failure);
            return null;
        }
    }

    public void Dispose() => store.Dispose();
}
