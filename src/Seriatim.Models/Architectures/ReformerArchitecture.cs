namespace Seriatim.Models;

/// <summary>
/// Reformer (Kitaev et al., 2020): hashed and local attention, reversible layers, axial positions. Its language model alone; a
/// decoder, as its class asks for.
/// </summary>
/// <remarks>
/// In training the reference wants sequences of exactly the axial shape and of a multiple of the chunks; here any length will do,
/// filled up as in inference. It draws new rotations in each pass if <c>hash_seed</c> is null; here they are those of seed 0.
/// They are not torch's: who has a model's own hands them over as <see cref="MixerSpec.HashedAttention.Rotations"/>.
/// </remarks>
internal sealed class ReformerArchitecture : Architecture
{
    private const string Hashed = "lsh";
    private const string Local = "local";
    private const int MostRounds = 1024;

    public override string ModelType => "reformer";

    public override IReadOnlyList<string> ClassNames => ["ReformerModelWithLMHead"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        config.Only("is_decoder", true);
        config.Only("tie_word_embeddings", false); // the head reads both halves
        config.Waive("memory against time: logits are made of the rows wanted alone", "chunk_size_lm_head");
        config.Waive("how fresh weights are drawn", "axial_norm_std");
        config.Waive("a head of another task", "classifier_dropout");
        config.Waive("keys of its first version, which the reference reads no more", "attention_probs_dropout_prob",
            "intermediate_size", "num_chunks_after", "num_chunks_before");
        config.WaiveAt("positions are learned", "false", "sinusoidal_pos_embds");
        int width = config.SizeOrNull("hidden_size") ?? 256;
        int vocabulary = config.SizeOrNull("vocab_size") ?? 320;
        int longest = config.SizeOrNull("max_position_embeddings") ?? 4096;
        string[] kinds = Kinds(config);
        PositionSpec position = Position(config, width, ref longest);
        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-12, "layer_norm_eps"), Bias: true);
        var feedForward = new FeedForwardSpec.Dense(config.SizeOrNull("feed_forward_size") ?? 512,
            CommonKeys.ReadActivation(config, "relu", "hidden_act"), Bias: true);
        (MixerSpec hashed, MixerSpec local) = Mixers(config, kinds, longest);
        LayerSpec[] layers = CommonKeys.Layers(config, kinds.Length, i => new LayerSpec(
            Placement.Reversible, norm, kinds[i] == Hashed ? hashed : local, feedForward));
        var stack = new StackSpec(vocabulary, width, Visibility.Causal, layers) { Position = position, FinalNorm = norm };

        // The reference drops words and positions apart from each other; here their sum is dropped.
        DropoutRates hidden = config.Dropout("hidden_dropout_prob", "hidden_dropout_prob", "local_attention_probs_dropout_prob",
            "hidden_dropout_prob", "hidden_dropout_prob");
        return new ModelSpec(
            ModelType, ModelTask.CausalLanguageModel, null, stack, new HeadSpec(vocabulary) { Bias = true }, longest)
        {
            Dropout = hidden with { HashedAttention = config.Dropout(attention: "lsh_attention_probs_dropout_prob").Attention },
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        const string Layer = "reformer.encoder.layers.*";
        var names = new NameTable
        {
            { "embed", "reformer.embeddings.word_embeddings" },
            { "layers.*.norm1", $"{Layer}.attention.layer_norm" },
            { "layers.*.attention.qk", $"{Layer}.attention.self_attention.query_key" },
            { "layers.*.attention.q", $"{Layer}.attention.self_attention.query" },
            { "layers.*.attention.k", $"{Layer}.attention.self_attention.key" },
            { "layers.*.attention.v", $"{Layer}.attention.self_attention.value" },
            { "layers.*.attention.o", $"{Layer}.attention.output.dense" },
            { "layers.*.norm2", $"{Layer}.feed_forward.layer_norm" },
            { "layers.*.mlp.up", $"{Layer}.feed_forward.dense.dense" },
            { "layers.*.mlp.down", $"{Layer}.feed_forward.output.dense" },
            { "norm", "reformer.encoder.layer_norm" },
            { "head", "lm_head.decoder" },
            { "head.bias", "lm_head.bias" },
        };
        const string Positions = "reformer.embeddings.position_embeddings";
        if (spec.Decoder!.Position is PositionSpec.Axial axial)
        {
            names.Add("positions.rows.weight",
                new TensorPlace($"{Positions}.weights.0") { Shape = [axial.Rows, 1, axial.RowWidth] });
            names.Add("positions.columns.weight",
                new TensorPlace($"{Positions}.weights.1") { Shape = [1, axial.Columns, axial.ColumnWidth] });
        }
        else
        {
            names.Add("positions", $"{Positions}.embedding");
        }

        names.Waive("a copy of lm_head.bias", "lm_head.decoder.bias");
        return names.Waive("scores of what is not seen, which are constants", $"{Layer}.attention.self_attention.*mask_value_*");
    }

    private static string[] Kinds(ConfigReader config)
    {
        string[] kinds = config.Texts("attn_layers");
        if (kinds.Length == 0)
            kinds = [Local, Hashed, Local, Hashed, Local, Hashed];
        int other = Array.FindIndex(kinds, kind => kind is not (Hashed or Local));
        if (other >= 0)
            throw config.Unsupported($"attn_layers[{other}]", kinds[other], $"{Hashed} or {Local} is needed");
        if (config.SizeOrNull("num_hidden_layers") is { } count && count != kinds.Length)
            throw config.Unsupported("num_hidden_layers", count, $"attn_layers has {kinds.Length}; they must agree");
        return kinds;
    }

    private static PositionSpec Position(ConfigReader config, int width, ref int longest)
    {
        if (!config.Flag(true, "axial_pos_embds"))
        {
            config.Waive("the shape of positions this model does not have", "axial_pos_shape", "axial_pos_embds_dim");
            return new PositionSpec.Learned(longest, Offset: 0);
        }

        (int rows, int columns) = Pair(config, "axial_pos_shape", (64, 64));
        (int first, int second) = Pair(config, "axial_pos_embds_dim", (64, 192));
        if (first + second != width)
        {
            throw config.Unsupported("axial_pos_embds_dim", $"{first} + {second}",
                $"the hidden size {width} is needed as their sum");
        }

        longest = (int)Math.Min(longest, (long)rows * columns);
        return new PositionSpec.Axial(rows, first, columns, second);
    }

    private static (MixerSpec Hashed, MixerSpec Local) Mixers(ConfigReader config, string[] kinds, int longest)
    {
        int heads = config.SizeOrNull("num_attention_heads") ?? 12;
        int headDim = config.SizeOrNull("attention_head_size") ?? 64;
        int localChunk = config.SizeOrNull("local_attn_chunk_length") ?? 64;
        int hashedChunk = config.SizeOrNull("lsh_attn_chunk_length") ?? 64;
        foreach ((string kind, string key) in (ReadOnlySpan<(string, string)>)[
            (Local, "local_num_chunks_after"), (Hashed, "lsh_num_chunks_after")])
        {
            if (config.IdOrNull(key) is > 0 and var after && kinds.Contains(kind))
                throw config.Unsupported(key, after, "a decoder sees no chunk after its own; only 0 is supported");
        }

        (int above, int multiple) = (hashedChunk, hashedChunk);
        if (kinds.Contains(Local))
        {
            above = Math.Min(localChunk, hashedChunk);
            long common = localChunk / CommonDivisor(localChunk, hashedChunk) * (long)hashedChunk;
            multiple = common <= 1 << 20 ? (int)common : throw config.Unsupported("lsh_attn_chunk_length", hashedChunk,
                $"its least common multiple with local_attn_chunk_length {localChunk} is {common}; at most {1 << 20} is " +
                "supported");
        }

        int rounds = config.SizeOrNull("num_hashes") ?? 1, before = config.IdOrNull("lsh_num_chunks_before") ?? 1;
        BucketRule buckets = Buckets(config, longest);
        int features = config.Product("num_attention_heads", heads, headDim, "attention_head_size");
        if (kinds.Contains(Hashed))
            RequireHashing(config, (rounds, before, hashedChunk), (long)features * buckets.Directions(hashedChunk, multiple));
        var hashed = new MixerSpec.HashedAttention(heads, headDim, rounds, hashedChunk, before)
        {
            Buckets = buckets,
            FillAbove = above,
            FillMultiple = multiple,
            Seed = (ulong)(config.IdOrNull("hash_seed") ?? 0),
        };
        MixerSpec.Attention local = CommonKeys.MultiHead(heads, headDim, bias: false) with
        {
            Chunk = localChunk,
            ChunksBefore = config.IdOrNull("local_num_chunks_before") ?? 1,
        };
        return (hashed, local);
    }

    /// <summary>Refuses lists and directions that no memory would hold.</summary>
    private static void RequireHashing(ConfigReader config, (int Rounds, int Before, int Chunk) sizes, long directions)
    {
        if (sizes.Rounds > MostRounds)
            throw config.Unsupported("num_hashes", sizes.Rounds, $"at most {MostRounds} rounds are supported");
        config.Product("num_hashes", sizes.Rounds, directions, "heads x features x directions");
        config.Product("lsh_num_chunks_before", sizes.Before, sizes.Chunk, "lsh_attn_chunk_length");
        config.Product("lsh_attn_chunk_length", sizes.Chunk, sizes.Before + 1L, "chunks that a row sees");
    }

    private static int CommonDivisor(int a, int b) => b == 0 ? a : CommonDivisor(b, a % b);

    private static BucketRule Buckets(ConfigReader config, int longest)
    {
        int[] factors = config.Ids("num_buckets");
        long product = 1;
        foreach (int factor in factors)
        {
            if (factor < 2 || factor % 2 != 0)
                throw config.Unsupported("num_buckets", factor, "even numbers from 2 on are needed");
            product *= factor;
            if (product > 1 << 24)
                throw config.Unsupported("num_buckets", $"{product} in all", $"at most {1 << 24} buckets are supported");
        }

        return factors.Length == 0 ? new BucketRule.ByLength(longest) : new BucketRule.Fixed(factors);
    }

    private static (int First, int Second) Pair(ConfigReader config, string key, (int, int) fallback)
    {
        int[] values = config.Ids(key);
        if (values.Length == 0)
            return fallback;
        if (values.Length != 2 || values[0] < 1 || values[1] < 1)
            throw config.Unsupported(key, $"[{string.Join(", ", values)}]", "two sizes from 1 on are needed");
        return (values[0], values[1]);
    }
}
