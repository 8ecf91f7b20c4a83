namespace Seriatim.Models;

/// <summary>
/// What the sparse attention of an encoder is told about one sequence. Which tokens are global depends on the task (Beltagy et
/// al., 2020: Longformer, section 3.1), so there is no default but none.
/// </summary>
public sealed record SparsePattern
{
    /// <summary>Nothing in particular.</summary>
    public static SparsePattern None { get; } = new();

    /// <summary>
    /// Positions of the tokens that see all others and are seen by all, each once, in any order; empty: none.
    /// </summary>
    public IReadOnlyList<int> Globals { get; init; } = [];

    /// <summary>The random blocks of every layer; null: drawn from the number of the layer and the length.</summary>
    public BlockPlan? Blocks { get; init; }

    /// <summary>Whether it says anything.</summary>
    internal bool IsNone => Globals.Count == 0 && Blocks is null;

    /// <summary>The same for a sequence of so many rows, with positions in order.</summary>
    /// <exception cref="ArgumentException">A position is not one of the sequence, or is named twice.</exception>
    internal SparsePattern For(int rows)
    {
        int[] globals = [.. Globals.Order()];
        for (int i = 0; i < globals.Length; i++)
        {
            if ((uint)globals[i] >= (uint)rows)
            {
                throw new ArgumentException(
                    $"Position {globals[i]} is to be global; the sequence has the positions 0 to {rows - 1}.", nameof(Globals));
            }

            if (i > 0 && globals[i] == globals[i - 1])
                throw new ArgumentException($"Position {globals[i]} is named twice as global; name it once.", nameof(Globals));
        }

        return this with { Globals = globals };
    }
}

/// <summary>What parts of a <see cref="SparsePattern"/> a layer reads.</summary>
[Flags]
internal enum PatternParts
{
    None = 0,
    Globals = 1,
    Blocks = 2,
}
