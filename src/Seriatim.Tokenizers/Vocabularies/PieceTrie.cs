using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seriatim.Tokenizers;

/// <summary>
/// A trie over UTF-16 chars in one open-addressed table: an edge (node, char) leads to a node, a node may carry a value.
/// </summary>
internal sealed class PieceTrie
{
    private const ulong Hash = 0x9E3779B97F4A7C15;

    private ulong[] _keys = new ulong[256];
    private int[] _targets = new int[256];
    private int[] _values = new int[64];
    private int _shift = 56;
    private int _edges;

    /// <summary>Creates an empty trie; node 0 is the root.</summary>
    public PieceTrie() => _values[0] = -1;

    /// <summary>Number of nodes.</summary>
    public int Nodes { get; private set; } = 1;

    /// <summary>Adds a piece; an existing value stays unless <paramref name="replace"/>.</summary>
    public void Add(ReadOnlySpan<char> piece, int value, bool replace = false)
    {
        int node = 0;
        foreach (char c in piece)
        {
            int next = Next(node, c);
            node = next >= 0 ? next : AddEdge(node, c);
        }

        if (replace || _values[node] < 0)
        {
            _values[node] = value;
        }
    }

    /// <summary>The child of <paramref name="node"/> along <paramref name="c"/>, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next(int node, char c)
    {
        // Key 0 marks a free slot; node + 1 keeps real keys away from it.
        ulong key = ((ulong)(uint)(node + 1) << 16) | c;
        ulong[] keys = _keys;
        int mask = keys.Length - 1;
        int slot = (int)((key * Hash) >> _shift);
        while (true)
        {
            ulong found = keys[slot & mask];
            if (found == key)
            {
                return _targets[slot & mask];
            }

            if (found == 0)
            {
                return -1;
            }

            slot++;
        }
    }

    /// <summary>The value of a node, or -1.</summary>
    public int Value(int node) => _values[node];

    /// <summary>Length and value of the longest piece that starts <paramref name="text"/>; length 0 if none.</summary>
    public int LongestMatch(ReadOnlySpan<char> text, out int value)
    {
        int node = 0;
        int length = 0;
        value = -1;
        for (int i = 0; i < text.Length; i++)
        {
            node = Next(node, text[i]);
            if (node < 0)
            {
                break;
            }

            if (_values[node] >= 0)
            {
                value = _values[node];
                length = i + 1;
            }
        }

        return length;
    }

    private int AddEdge(int node, char c)
    {
        if ((_edges + 1) * 2 > _keys.Length)
        {
            Rehash(_keys.Length * 2);
        }

        int target = Nodes++;
        if (target == _values.Length)
        {
            Array.Resize(ref _values, target * 2);
        }

        _values[target] = -1;
        Insert(((ulong)(uint)(node + 1) << 16) | c, target);
        _edges++;
        return target;
    }

    private void Insert(ulong key, int target)
    {
        int mask = _keys.Length - 1;
        int slot = (int)((key * Hash) >> _shift);
        while (_keys[slot & mask] != 0)
        {
            slot++;
        }

        _keys[slot & mask] = key;
        _targets[slot & mask] = target;
    }

    private void Rehash(int size)
    {
        ulong[] keys = _keys;
        int[] targets = _targets;
        _keys = new ulong[size];
        _targets = new int[size];
        _shift = 64 - BitOperations.Log2((uint)size);
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] != 0)
            {
                Insert(keys[i], targets[i]);
            }
        }
    }
}
