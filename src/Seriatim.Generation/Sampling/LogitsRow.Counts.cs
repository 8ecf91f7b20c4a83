namespace Seriatim.Generation;

/// <content>A set of ids with counts, emptied at no cost.</content>
public sealed partial class LogitsRow
{
    private readonly int[] _stamps;
    private readonly int[] _counts;
    private int _stamp = 1;

    /// <summary>Starts a set of ids; see <see cref="Add"/>.</summary>
    internal void NewSet() => _stamp++;

    /// <summary>Adds an id to the set and returns how often it is there now.</summary>
    internal int Add(int id)
    {
        if (_stamps[id] != _stamp)
            (_stamps[id], _counts[id]) = (_stamp, 0);
        return ++_counts[id];
    }

    /// <summary>Takes an id out of the set.</summary>
    internal void Forget(int id) => _stamps[id] = 0;

    internal int CountOf(int id) => _stamps[id] == _stamp ? _counts[id] : 0;
}
