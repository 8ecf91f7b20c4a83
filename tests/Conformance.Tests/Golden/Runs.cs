namespace Seriatim.Conformance.Tests;

/// <summary>Ways to run a model that the tests share.</summary>
internal static class Runs
{
    /// <summary>Logits of every row of every sequence, without a memory, all sequences in one batch.</summary>
    public static float[][] DecoderLogits(Model model, IOps ops, IEnumerable<int[]> sequences, GivenStates? begins = null)
    {
        var builder = new RaggedBatchBuilder();
        foreach (int[] tokens in sequences)
            builder.Add(tokens, outputs: Outputs.All);
        RaggedBatch batch = builder.Build();
        using Tensor hidden = GivenStates.Forward(model, ops, batch, null, begins);
        using Tensor logits = model.Project(ops, hidden);
        return Split(batch, logits);
    }

    /// <summary>The rows of each segment as one array.</summary>
    public static float[][] Split(RaggedBatch batch, Tensor rows)
    {
        float[] values = rows.ToArray();
        return [.. batch.Segments.Select(s => values.AsSpan(s.FirstRow * rows.Columns, s.Rows * rows.Columns).ToArray())];
    }

    /// <summary>A mask, or ones in the shape of the ids if there is none.</summary>
    public static int[][] Mask(GoldenTensors tensors, string mask, string ids) => tensors.Has(mask)
        ? tensors.Ids(mask)
        : [.. tensors.Ids(ids).Select(row => Enumerable.Repeat(1, row.Length).ToArray())];

    /// <summary>The ids where the mask is 1.</summary>
    public static int[] Unpadded(int[] ids, int[] mask) => [.. ids.Where((_, i) => mask[i] == 1)];

    /// <summary>Of values [T, columns], the rows where the mask is 1.</summary>
    public static float[] Unpadded(ReadOnlySpan<float> values, int[] mask)
    {
        int columns = values.Length / mask.Length;
        var kept = new List<float>();
        for (int row = 0; row < mask.Length; row++)
        {
            if (mask[row] == 1)
                kept.AddRange(values.Slice(row * columns, columns));
        }

        return [.. kept];
    }

    /// <summary>What a case of sparse attention tells of each row: its global tokens, the plan of its blocks.</summary>
    public static SparsePattern[] Patterns(GoldenTensors tensors, int rows)
    {
        int[][]? globals = tensors.Has("global_attention_mask") ? tensors.Ids("global_attention_mask") : null;
        var layers = new List<int[][][]>();
        while (tensors.Has($"rand_attn.{layers.Count}"))
        {
            string name = $"rand_attn.{layers.Count}"; // [heads, blocks - 2, R]
            layers.Add([.. tensors.Ids(name).Chunk((int)tensors.Shape(name)[1])]);
        }

        BlockPlan? plan = layers.Count > 0 ? new BlockPlan(layers) : null;
        return [.. Enumerable.Range(0, rows).Select(row => new SparsePattern
        {
            Globals = globals is null ? [] : [.. Enumerable.Range(0, globals[row].Length).Where(i => globals[row][i] != 0)],
            Blocks = plan,
        })];
    }

    /// <summary>An encoder batch of the rows of ids where the mask is 1.</summary>
    public static RaggedBatch EncoderBatch(
        int[][] ids, int[][]? mask, int[][]? types = null, Outputs outputs = Outputs.All, SparsePattern[]? patterns = null)
    {
        var builder = new RaggedBatchBuilder();
        for (int row = 0; row < ids.Length; row++)
        {
            int[] all = [.. Enumerable.Repeat(1, ids[row].Length)];
            int[] keep = mask?[row] ?? all;
            builder.AddEncoder(Unpadded(ids[row], keep), types is null ? default : Unpadded(types[row], keep), outputs,
                pattern: patterns?[row]);
        }

        return builder.Build();
    }

    /// <summary>A decoder batch whose segments see the rows of the encoder's segments, without memories.</summary>
    public static RaggedBatch DecoderBatch(int[][] ids, RaggedBatch encoder)
    {
        var builder = new RaggedBatchBuilder();
        for (int row = 0; row < ids.Length; row++)
        {
            Segment source = encoder.Segments[row];
            builder.Add(ids[row], outputs: Outputs.All, encoder: new EncoderRows(source.FirstRow, source.Rows));
        }

        return builder.Build();
    }

    /// <summary>Sources of Mask-Predict, which end with pads.</summary>
    public static RaggedBatch Sources(GoldenTensors expected, string tensor)
    {
        int[][] mask = Pads(expected, tensor);
        var builder = new RaggedBatchBuilder();
        foreach ((int[] row, int[] own) in expected.Ids(tensor).Zip(mask))
            builder.AddEncoder(Unpadded(row, own));
        return builder.Build();
    }

    /// <summary>Whole targets with the rows of their sources.</summary>
    public static RaggedBatch Targets(GoldenTensors expected, string tensor, RaggedBatch source)
    {
        int[][] ids = expected.Ids(tensor), mask = Pads(expected, tensor);
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < ids.Length; i++)
            builder.AddTarget(Unpadded(ids[i], mask[i]), new EncoderRows(source.Segments[i].FirstRow, source.Segments[i].Rows));
        return builder.Build();
    }

    /// <summary>1 for a token, 0 for a pad (id 1) after the last one.</summary>
    public static int[][] Pads(GoldenTensors expected, string tensor) => [.. expected.Ids(tensor).Select(row =>
        row.Select((_, i) => row.Skip(i).All(id => id == 1) ? 0 : 1).ToArray())];
}
