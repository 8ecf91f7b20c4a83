using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>Drafts what followed the last tokens where they stood before; longer n-grams and later places first.</summary>
internal static class PromptLookup
{
    /// <summary>Fills a sequence's draft with at most so many tokens.</summary>
    public static void Propose(Sequence sequence, SpeculationOptions options, int length)
    {
        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(sequence.Tokens);
        int branches = 0;
        int depth = Math.Max(1, length / options.Branches);
        for (int n = Math.Min(options.MaxNgram, tokens.Length - 1); n >= options.MinNgram; n--)
        {
            ReadOnlySpan<int> last = tokens[^n..];
            ReadOnlySpan<int> before = tokens[..^1];
            for (int at = before.LastIndexOf(last); at >= 0; at = at == 0 ? -1 : before[..(at + n - 1)].LastIndexOf(last))
            {
                ReadOnlySpan<int> next = tokens[(at + n)..];
                if (Insert(sequence.Draft, next[..Math.Min(depth, next.Length)], length) && ++branches == options.Branches)
                    return;
            }
        }
    }

    /// <summary>Adds a continuation to the tree; false if it was there already, or the tree is full.</summary>
    private static bool Insert(Draft draft, ReadOnlySpan<int> tokens, int limit)
    {
        int parent = -1;
        bool added = false;
        foreach (int token in tokens)
        {
            int child = draft.Child(parent, token);
            if (child < 0)
            {
                if (draft.Count == limit)
                    break;
                child = draft.Count;
                draft.Add(token, parent);
                added = true;
            }

            parent = child;
        }

        return added;
    }
}
