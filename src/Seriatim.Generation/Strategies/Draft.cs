namespace Seriatim.Generation;

/// <summary>Drafted tokens of a sequence, as a tree: each continues an earlier one, or the last token (-1).</summary>
internal sealed class Draft
{
    public List<int> Tokens { get; } = [];

    public List<int> Parents { get; } = [];

    public int Count => Tokens.Count;

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
    }

    public void Add(int token, int parent)
    {
        Tokens.Add(token);
        Parents.Add(parent);
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
