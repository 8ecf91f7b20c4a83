namespace Seriatim.Generation;

/// <summary>Drafted tokens of a sequence, as a tree: each continues an earlier one, or the last token (-1).</summary>
internal sealed class Draft
{
    public List<int> Tokens { get; } = [];

    public List<int> Parents { get; } = [];

    public int Count => Tokens.Count;

    /// <summary>Whether nothing else can follow by the grammar: what is accepted tells nothing of how good drafts are.</summary>
    public bool IsForced { get; set; }

    /// <summary>How many of the tokens that were drafted last were accepted.</summary>
    public int Accepted { get; set; }

    /// <summary>Whether the first tokens, as many as given, are a chain.</summary>
    public bool IsChain(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (Parents[i] != i - 1)
                return false;
        }

        return true;
    }

    public void Clear()
    {
        Tokens.Clear();
        Parents.Clear();
        IsForced = false;
    }

    public void Add(int token, int parent)
    {
        Tokens.Add(token);
        Parents.Add(parent);
    }

    /// <summary>Keeps those of the first tokens that hold; what continues a token that goes must go, too.</summary>
    public void Keep(ReadOnlySpan<bool> holds)
    {
        Span<int> moved = Count <= 256 ? stackalloc int[Count] : new int[Count];
        int kept = 0;
        for (int i = 0; i < holds.Length; i++)
        {
            if (!holds[i])
                continue;
            (Tokens[kept], Parents[kept]) = (Tokens[i], Parents[i] < 0 ? -1 : moved[Parents[i]]);
            moved[i] = kept++;
        }

        Tokens.RemoveRange(kept, Count - kept);
        Parents.RemoveRange(kept, Parents.Count - kept);
    }

    /// <summary>The drafted token that continues another with a given id; -1: none.</summary>
    public int Child(int parent, int token)
    {
        for (int i = parent + 1; i < Tokens.Count; i++)
        {
            if (Parents[i] == parent && Tokens[i] == token)
                return i;
        }

        return -1;
    }
}
