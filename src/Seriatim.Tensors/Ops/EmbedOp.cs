namespace Seriatim.Tensors;

/// <summary>Rows of a table by id: <c>y[n] = table[ids[n]]</c>; backward <c>dtable[ids[n]] += dy[n]</c>, n in sequence.</summary>
/// <remarks>Shapes: table [Count, E], ids [N], y [N, E]. Nothing is saved. Reading and adding are exact, so this is its own reference.</remarks>
internal static unsafe class EmbedOp
{
    public static Tensor Forward(EmbeddingWeight table, ReadOnlySpan<int> ids)
    {
        CheckIds(table, ids);
        Tensor y = Tensor.Create(ids.Length, table.Width);
        for (int n = 0; n < ids.Length; n++)
            table.ReadRow(ids[n], y.Row(n));
        return y;
    }

    public static void Backward(EmbeddingWeight table, ReadOnlySpan<int> ids, Tensor dy)
    {
        CheckIds(table, ids);
        OpShapes.Require(dy, ids.Length, table.Width, "Embed backward", "dy");
        if (table.Table is not { Trainable: true } parameter)
            return;
        for (int n = 0; n < ids.Length; n++)
        {
            if (ids[n] != table.FrozenId)
                parameter.AddGradientRow(ids[n], dy.Row(n));
        }
    }

    private static void CheckIds(EmbeddingWeight table, ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)table.Count)
                throw new ArgumentOutOfRangeException(nameof(ids), $"Embed: id {id} is not in {table}, which has the ids 0 to {table.Count - 1}.");
        }
    }
}
