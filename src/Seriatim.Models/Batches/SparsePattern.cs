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

    /// <summary>What no layer of a stack reads would be passed over in silence: it is refused.</summary>
    /// <exception cref="ArgumentException">No layer reads it, or it does not fit the sequence or a layer.</exception>
    internal void Check(int rows, StackSpec stack, string family)
    {
        if (IsNone)
            return;
        PatternParts read = stack.Layers.Aggregate(
            PatternParts.None, (parts, layer) => parts | layer.Mixer.Reads(this, rows));
        if (Globals.Count > 0 && !read.HasFlag(PatternParts.Globals))
        {
            throw new ArgumentException(
                $"A sequence of {rows} rows names {Globals.Count} global tokens; no layer of this {family} model has any. " +
                "Leave them out, or take a Longformer.");
        }

        if (Blocks is { } plan && !read.HasFlag(PatternParts.Blocks))
        {
            throw new ArgumentException(
                $"A sequence of {rows} rows brings a plan of {plan.Blocks} blocks; no layer of this {family} model sees " +
                "blocks. Leave it out, or take a BigBird with attention_type block_sparse.");
        }
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
