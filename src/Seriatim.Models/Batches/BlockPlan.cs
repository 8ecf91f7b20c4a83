namespace Seriatim.Models;

/// <summary>
/// Which blocks of keys each block of queries sees at random (Zaheer et al., 2020: BigBird): data, so that a reference's choice
/// can be repeated. A block that is named twice, or is seen anyway, counts once more.
/// </summary>
public sealed class BlockPlan
{
    /// <summary>Keeps a plan.</summary>
    /// <param name="layers">
    /// For each layer and head, for each block of queries but the first and the last, the blocks of keys. All layers and heads
    /// have the same number of blocks of queries; it says into how many blocks the sequence is cut. Blocks beyond its end
    /// are there, and hold nothing.
    /// </param>
    /// <exception cref="ArgumentException">Layers or heads differ in their blocks, or a block is not there.</exception>
    public BlockPlan(IReadOnlyList<int[][][]> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        Layers = layers;
        Blocks = layers is [[var first, ..], ..]
            ? first.Length + 2
            : throw new ArgumentException("A plan of blocks needs at least one layer with one head.", nameof(layers));
        for (int layer = 0; layer < layers.Count; layer++)
        {
            for (int head = 0; head < layers[layer].Length; head++)
                Check(layers[layer][head], layer, head);
        }
    }

    /// <summary>The blocks of keys by layer, head and block of queries.</summary>
    public IReadOnlyList<int[][][]> Layers { get; }

    /// <summary>Into how many blocks the sequence is cut.</summary>
    public int Blocks { get; }

    private void Check(int[][] queries, int layer, int head)
    {
        if (queries.Length != Blocks - 2)
        {
            throw new ArgumentException(
                $"Head {head} of layer {layer} has blocks for {queries.Length} blocks of queries; the first head has " +
                $"{Blocks - 2}, and all must agree.");
        }

        foreach (int block in queries.SelectMany(keys => keys))
        {
            if ((uint)block >= (uint)Blocks)
            {
                throw new ArgumentException(
                    $"Head {head} of layer {layer} sees block {block}; the plan has the blocks 0 to {Blocks - 1}.");
            }
        }
    }
}
