using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>
/// What a config of Reformer may say, how many buckets follow from a length, who sees whom, and what is refused.
/// </summary>
public sealed class ReformerTests
{
    private const string Config = """
        {"model_type": "reformer", "attn_layers": ["local", "lsh"], "axial_pos_shape": [4, 8], "axial_pos_embds_dim": [8, 16],
        "num_hashes": 2, "num_buckets": 4, "vocab_size": 50, "hidden_size": 24, "feed_forward_size": 40, "num_attention_heads": 2,
        "attention_head_size": 12, "local_attn_chunk_length": 4, "lsh_attn_chunk_length": 6, "max_position_embeddings": 256}
        """;

    [Theory]
    [InlineData("num_hashes", "0", "num_hashes is 0")]
    [InlineData("num_buckets", "5", "num_buckets is 5")]
    [InlineData("num_buckets", "[4, 3]", "num_buckets is 3")]
    [InlineData("num_buckets", "[65536, 512]", "33554432 in all")]
    [InlineData("lsh_num_chunks_after", "1", "lsh_num_chunks_after is 1")]
    [InlineData("local_num_chunks_after", "2", "local_num_chunks_after is 2")]
    [InlineData("is_decoder", "false", "is_decoder is false")]
    [InlineData("tie_word_embeddings", "true", "tie_word_embeddings is true")]
    [InlineData("num_hidden_layers", "3", "attn_layers has 2")]
    [InlineData("attn_layers", "[\"local\", \"full\"]", "attn_layers[1] is \"full\"")]
    [InlineData("axial_pos_embds_dim", "[8, 8]", "the hidden size 24")]
    [InlineData("axial_pos_shape", "[4, 8, 2]", "two sizes")]
    [InlineData("local_attn_chunk_length", "0", "local_attn_chunk_length is 0")]
    public void WhatIsNotBuiltIsRefusedByName(string key, string value, string says)
    {
        var error = Assert.Throws<UnsupportedConfigException>(() => Make(json => json[key] = JsonNode.Parse(value)));
        Assert.Contains(says, error.Message);
    }

    /// <summary>4 x 8 positions: the 33rd is refused with both numbers, whatever max_position_embeddings says.</summary>
    [Fact]
    public void ALengthBeyondTheAxialShapeIsRefused()
    {
        using Model model = Make();
        Assert.Equal(32, model.Spec.Context);
        RaggedBatch batch = new RaggedBatchBuilder().Add(new int[33]).Build();
        string message = Assert.Throws<ContextLengthException>(() => model.Forward(new ReferenceOps(), batch)).Message;
        Assert.Contains("33", message);
        Assert.Contains("32", message);
    }

    /// <summary>Row p has what row p / 8 of the first table and row p mod 8 of the second have.</summary>
    [Fact]
    public void AxialPositionsAreTwoTablesSideBySide()
    {
        using Model model = Make();
        float[][] Rows(string path)
        {
            Parameter table = model.Parameters.Single(p => p.Path == path).Parameter;
            return [.. Enumerable.Range(0, table.Rows)
                .Select(r => { float[] row = new float[table.Columns]; table.ReadRow(r, row); return row; })];
        }

        (float[][] first, float[][] second, float[][] words) = (Rows("positions.rows"), Rows("positions.columns"), Rows("embed"));
        float[] stream = [];
        RaggedBatch batch = new RaggedBatchBuilder().Add([.. Enumerable.Range(0, 32)], outputs: Outputs.All).Build();
        using Tensor hidden = model.Forward(new ReferenceOps(), batch, null, (layer, x) => stream = layer == 0
            ? x.ToArray()
            : stream);
        for (int p = 0; p < 32; p++)
        {
            float[] expected = [.. first[p / 8].Concat(second[p % 8]).Zip(words[p], (position, word) => word + position)];
            Assert.Equal([.. expected, .. expected], stream[(p * 48)..((p + 1) * 48)]);
        }
    }

    /// <summary>The rule of the reference: the power of two up to two buckets a chunk, in two factors above a limit.</summary>
    [Theory]
    [InlineData(4096, 64, 128, new[] { 4 })]
    [InlineData(4096, 64, 1024, new[] { 32 })]
    [InlineData(4096, 64, 4096, new[] { 128 })]
    [InlineData(524288, 64, 65536, new[] { 32, 64 })]
    [InlineData(524288, 64, 524288, new[] { 128, 128 })]
    [InlineData(64, 4, 12, new[] { 4 })]
    [InlineData(64, 4, 60, new[] { 4, 4 })]
    public void BucketsFollowFromTheLength(int context, int chunk, int rows, int[] expected)
    {
        var rule = new BucketRule.ByLength(context);
        Assert.Equal(expected, rule.For(rows, chunk));
        Assert.True(expected.Sum() / 2 <= rule.Directions(chunk, chunk));
    }

    /// <summary>
    /// Six rows in chunks of two, filled up to eight, in two rounds: the sorted rows of both stand in one ring, and what fills up
    /// is seen by nobody.
    /// </summary>
    [Fact]
    public void RoundsStandInOneRing()
    {
        var spec = new MixerSpec.HashedAttention(1, 4, Rounds: 2, Chunk: 2, ChunksBefore: 1)
        {
            Buckets = new BucketRule.Fixed([4]),
            FillAbove = 2,
            FillMultiple = 4,
        };
        int[] first = [1, 0, 1, 0, 2, 2], second = [3, 3, 0, 0, 0, 1];
        int[] buckets = [.. first.Zip(second, (a, b) => new[] { a, b }).SelectMany(pair => pair)];
        Segment segment = new RaggedBatchBuilder().Add([1, 2, 3, 4, 5, 6]).Build().Segments[0];
        GatheredRows[] rounds = HashedRounds.Of(spec, [segment], buckets);
        Assert.Equal(["1 3 | 1 3", "0 2 | 1 3 0 2", "4 5 | 0 2 4 5"], rounds[0].Segments[0].Pieces.Select(Show));
        Assert.Equal(["2 3 | 2 3", "4 5 | 2 3 4 5", "0 1 | 4 5 0 1"], rounds[1].Segments[0].Pieces.Select(Show));
        int[][] wide = [.. HashedRounds.Of(spec with { ChunksBefore = 3 }, [segment], buckets)[0].Segments[0].Pieces
            .Select(p => p.Keys)];
        Assert.Equal([4, 5, 0, 1, 1, 3], wide[0]);
    }

    /// <summary>Directions follow from the seed by counting: the same for all layers, others for another seed.</summary>
    [Fact]
    public void ASeedDrawsTheSameDirections()
    {
        float[] Logits(int seed, HashRotations? rotations = null)
        {
            using Model model = Make(json => json["hash_seed"] = seed);
            RaggedBatch batch = new RaggedBatchBuilder().Add([.. Enumerable.Range(0, 32)], outputs: Outputs.All).Build();
            using Tensor hidden = model.Forward(new ReferenceOps(), batch);
            return hidden.ToArray();
        }

        Assert.Equal(Logits(3), Logits(3));
        Assert.NotEqual(Logits(3), Logits(4));
    }

    [Fact]
    public void RotationsThatDoNotFitAreRefused()
    {
        Assert.Contains("5", Assert.Throws<ShapeMismatchException>(() => new HashRotations(1, 2, 1, 2, new float[5])).Message);
        ModelSpec spec;
        using (Model model = Make())
            spec = model.Spec;
        var few = new ModelLoadOptions { HashRotations = new HashRotations(2, 12, 2, 1, new float[48]) };
        Assert.Contains("1 directions, the buckets need 2", Refused(few.Apply(spec)));
        var heads = new ModelLoadOptions { HashRotations = new HashRotations(3, 12, 2, 2, new float[144]) };
        Assert.Contains("3 heads", Refused(heads.Apply(spec)));
        ModelSpec local = spec with { Decoder = spec.Decoder! with { Layers = [spec.Decoder.Layers[0]] } };
        Assert.Contains("0 layers of hashed attention", Assert.Throws<NotSupportedException>(() => few.Apply(local)).Message);
        LayerSpec plain = spec.Decoder!.Layers[0] with { Placement = Placement.Pre };
        Assert.Contains("Layer 1 is Pre",
            Refused(spec with { Decoder = spec.Decoder with { Layers = [spec.Decoder.Layers[0], plain] } }));
    }

    /// <summary>Local attention alone remembers pages, and gives back those of chunks that no later row sees.</summary>
    [Fact]
    public void LocalAttentionGivesItsPagesBack()
    {
        using Model model = Make(json => json["attn_layers"] = new JsonArray("local", "local"));
        using var ops = CpuOps.Create(1);
        using MemoryPools pools = model.NewMemoryPools(pageSize: 2, pages: 40);
        using SequenceMemory memory = model.NewMemory(pools);
        for (int i = 0; i < 30; i++)
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add([i], memory).Build();
            model.Forward(ops, batch).Dispose();
            batch.Commit();
            Assert.True(memory.Stores[0].Held <= 5, $"{memory.Stores[0].Held} pages after {i + 1} rows");
        }
    }

    /// <summary>
    /// Nine rows are filled up to 132, the common multiple of both chunks, which is more than the longest sequence and one chunk:
    /// there are directions for as many buckets.
    /// </summary>
    [Fact]
    public void ChunksThatDoNotDivideEachOtherHaveDirectionsEnough()
    {
        using Model model = Make(json =>
        {
            json["axial_pos_embds"] = false;
            json["num_buckets"] = null;
            (json["lsh_attn_chunk_length"], json["max_position_embeddings"]) = (33, 64);
        });
        using Tensor hidden = model.Forward(new ReferenceOps(), new RaggedBatchBuilder().Add(new int[9]).Build());
        Assert.All(hidden.ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    /// <summary>More rows than are read at a time: each output is still that of the text which ends with it.</summary>
    [Fact]
    public void ManyOutputsAreReadInPieces()
    {
        using Model model = Make(json => json["axial_pos_embds"] = false);
        using var ops = CpuOps.Create(2);
        using MemoryPools pools = model.NewMemoryPools(pageSize: 16, pages: 20);
        using SequenceMemory first = model.NewMemory(pools), second = model.NewMemory(pools);
        int[] ids = [.. Enumerable.Range(0, 96).Select(i => i * i % 50)];
        Assert.True(ids.Length * (ids.Length + 1) / 2 > Rereading.MostRows);
        RaggedBatch batch = new RaggedBatchBuilder().Add(ids, first, outputs: Outputs.All)
            .Add(ids[..40], second, outputs: Outputs.All)
            .Build();
        using Tensor all = model.Forward(ops, batch);
        foreach (int row in (int[])[0, 1, 7, 39, 88, 89, 90, 91, 94, 95])
        {
            using Tensor alone = model.Forward(ops, new RaggedBatchBuilder().Add(ids[..(row + 1)]).Build());
            Assert.Equal(alone.Row(row).ToArray(), all.Row(row).ToArray());
            if (row < 40)
                Assert.Equal(alone.Row(row).ToArray(), all.Row(ids.Length + row).ToArray());
        }
    }

    private static string Show(GatheredPiece piece) => $"{string.Join(' ', piece.Queries)} | {string.Join(' ', piece.Keys)}";

    private static string Refused(ModelSpec spec)
    {
        NameTable names = new ReformerArchitecture().TensorNames(spec);
        return Assert.Throws<NotSupportedException>(() => Model.Build(spec, names, new ModelConfig(), new RandomSource(1))
            .Dispose()).Message;
    }

    private static Model Make(Action<JsonObject>? change = null)
    {
        JsonObject json = JsonNode.Parse(Config)!.AsObject();
        change?.Invoke(json);
        return Model.Create("config.json", Encoding.UTF8.GetBytes(json.ToJsonString()), new RandomSource(7));
    }
}
