using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// Names of tensors and keys are those that llama.cpp reads (its gguf-py/gguf/constants.py says which an architecture has), and
/// other layouts that its files have or had give the same model.
/// </summary>
public sealed class GgufLayoutTests : IDisposable
{
    private const string Common =
        "attention.head_count block_count context_length embedding_length feed_forward_length vocab_size";
    private const string Llama = Common + " attention.head_count_kv attention.key_length attention.value_length "
        + "attention.layer_norm_rms_epsilon rope.dimension_count rope.freq_base";
    private const string Separate = "token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output ffn_norm";
    private const string StateSpaces = "ssm_in ssm_conv1d ssm_x ssm_dt ssm_a ssm_d ssm_out";
    private const string Sizes = "ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank";
    private const string Fused = "token_embd output_norm output attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down";
    private const string Encoder = "attn_norm attn_q attn_k attn_v attn_o attn_rel_b ffn_norm ffn_gate ffn_up ffn_down";

    /// <summary>
    /// What the format names: tensors without the numbers of blocks and the endings, keys without their prefix.
    /// </summary>
    private static readonly Dictionary<string, (string Tensors, string Keys)> Known = new()
    {
        ["llama"] = ($"{Separate} ffn_gate ffn_up ffn_down ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps",
            $"{Llama} expert_count expert_used_count"),
        ["qwen2"] = ($"{Separate} ffn_gate ffn_up ffn_down", Llama),
        ["gemma2"] = ("token_embd output_norm attn_norm attn_q attn_k attn_v attn_output post_attention_norm ffn_norm ffn_gate "
            + "ffn_up ffn_down post_ffw_norm",
            $"{Llama} attention.sliding_window attn_logit_softcapping final_logit_softcapping"),
        ["phi3"] = ($"{Fused} rope_factors_long rope_factors_short",
            $"{Llama} attention.sliding_window rope.scaling.type rope.scaling.attn_factor rope.scaling.original_context_length"),
        ["gpt2"] = ($"{Fused} position_embd", $"{Common} attention.layer_norm_epsilon"),
        ["gptneox"] = (Fused, $"{Common} attention.layer_norm_epsilon rope.dimension_count rope.freq_base use_parallel_residual"),
        ["bloom"] = ($"{Fused} token_embd_norm", $"{Common} attention.layer_norm_epsilon"),
        ["mamba"] = ($"token_embd output_norm output attn_norm {StateSpaces}",
            $"{Common} attention.layer_norm_rms_epsilon {Sizes} ssm.dt_b_c_rms"),
        ["jamba"] = ($"{Separate} {StateSpaces} ssm_dt_norm ssm_b_norm ssm_c_norm"
            + " ffn_gate ffn_up ffn_down ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps",
            $"{Common} attention.head_count_kv attention.layer_norm_rms_epsilon {Sizes} expert_count expert_used_count"),
        ["bert"] = ("token_embd token_embd_norm token_types position_embd attn_q attn_k attn_v attn_output attn_output_norm "
            + "ffn_up ffn_down layer_output_norm cls cls.output",
            $"{Common} attention.layer_norm_epsilon attention.causal pooling_type classifier.output_labels"),
        ["t5"] = ("token_embd output enc.output_norm dec.output_norm "
            + string.Join(' ', Encoder.Split(' ').SelectMany(part => new[] { $"enc.{part}", $"dec.{part}" }))
            + " dec.cross_attn_norm dec.cross_attn_q dec.cross_attn_k dec.cross_attn_v dec.cross_attn_o",
            $"{Common} attention.key_length attention.value_length attention.layer_norm_rms_epsilon "
                + "attention.relative_buckets_count decoder_block_count decoder_start_token_id"),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-gguf-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama", "llama")]
    [InlineData("mixtral", "llama")]
    [InlineData("qwen2", "qwen2")]
    [InlineData("gemma2", "gemma2")]
    [InlineData("phi3", "phi3")]
    [InlineData("gpt2", "gpt2")]
    [InlineData("gpt_neox", "gptneox")]
    [InlineData("bloom", "bloom")]
    [InlineData("bert", "bert")]
    [InlineData("t5", "t5")]
    [InlineData("mamba", "mamba")]
    [InlineData("falcon_mamba", "mamba")]
    [InlineData("jamba", "jamba")]
    public void NamesAreThoseOfTheFormat(string name, string architecture)
    {
        using Model model = Make(name);
        using GgufFile file = GgufFile.Open(Write(model));
        Assert.Equal(architecture, file.Metadata["general.architecture"]);
        (string tensors, string keys) = Known[architecture];
        Assert.Empty(file.Entries.Select(e => Regex.Replace(e.Name, @"blk\.\d+\.|\.weight$|\.bias$", "")).Distinct()
            .Except(tensors.Split(' ')));
        Assert.Empty(file.Metadata.Keys.Where(key => key.StartsWith(architecture + ".", StringComparison.Ordinal))
            .Select(key => key[(architecture.Length + 1)..]).Except(keys.Split(' ')));
    }

    /// <summary>Files of before April 2024 have tensors for each expert; those of BERT may have q, k and v in one.</summary>
    [Theory]
    [InlineData("mixtral")]
    [InlineData("bert")]
    public void OtherLayoutsOfTensorsAreTheSameModel(string name)
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = Make(name);
        string other = Path.Combine(_folder, "other.gguf");
        using (GgufFile usual = GgufFile.Open(Write(model)))
        {
            (string Name, long[] Shape,
                byte[] Bytes)[] tensors = [.. usual.Entries.SelectMany(e => name == "bert" ? Fuse(usual, e) : Split(usual, e))];
            Assert.NotEqual(usual.Entries.Count, tensors.Length);
            using GgufWriter writer = GgufWriter.Create(other, usual.Metadata,
                tensors.Select(t => new GgufTensorSpec(t.Name, GgmlType.F32, [.. t.Shape])));
            foreach ((string tensor, _, byte[] bytes) in tensors)
                writer.Append(tensor, bytes);
            writer.Complete();
        }

        using Model again = Model.Load(other);
        Bits.Equal(GgufRoundTripTests.Logits(model, ops), GgufRoundTripTests.Logits(again, ops), name);
    }

    /// <summary>
    /// The head of a masked language model has no tensors in the format; the encoder alone goes through, and is the same one.
    /// </summary>
    [Fact]
    public void AnEncoderComesThroughWithoutItsHead()
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model whole = Make("bert", "BertForMaskedLM");
        UnsupportedConfigException refused = Assert.Throws<UnsupportedConfigException>(() => Write(whole));
        Assert.Contains("cls.predictions", refused.Message);
        string folder = Path.Combine(_folder, "bare");
        CheckpointWriter.Write(whole, folder);
        string config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("BertForMaskedLM", "BertModel"));
        using Model encoder = Model.Load(folder);
        Assert.Equal(ModelTask.Encoding, encoder.Spec.Task);
        int[] text = [1, 7, 30, 4, 4, 58];
        using Tensor expected = whole.Forward(ops, new RaggedBatchBuilder().AddEncoder(text).Build());
        using Tensor read = encoder.Forward(ops, new RaggedBatchBuilder().AddEncoder(text).Build());
        Bits.Equal(Session.Rows(expected), Session.Rows(read), "the encoder");
        Assert.Contains("without a head", Assert.Throws<InvalidOperationException>(() => encoder.Project(ops, read)).Message);
        using Model again = Model.Load(Write(encoder));
        Bits.Equal(GgufRoundTripTests.Logits(encoder, ops), GgufRoundTripTests.Logits(again, ops), "the encoder as GGUF");
        Assert.Equal(ModelTask.Encoding, again.Spec.Task);
    }

    [Fact]
    public void LabelsOfAClassifierGoAlong()
    {
        using Model model = Make("bert");
        using Model again = Model.Load(Write(model));
        Assert.Equal(ModelTask.SequenceClassification, again.Spec.Task);
        Assert.Equal(["bad", "fair", "good"], again.Config.Labels);
    }

    /// <summary>Keys that files of other ages lack or spell as 0.</summary>
    [Fact]
    public void MissingKeysMeanWhatReadersTakeForThem()
    {
        using Model gemma = Make("gemma2");
        using Model again = Model.Load(Changed(Write(gemma), keys =>
        {
            foreach (string key in (string[])["attention.sliding_window", "attn_logit_softcapping", "final_logit_softcapping"])
                Assert.True(keys.Remove("gemma2." + key));
        }));
        Assert.Equal((30, 50, 4096), (again.Spec.Head.SoftCap, Attention(again).SoftCap, Attention(again).Window));
        using Model phi = Make("phi3");
        using Model unbounded = Model.Load(Changed(Write(phi), keys => keys["phi3.attention.sliding_window"] = 0u));
        Assert.Equal(0, Attention(unbounded).Window);
        using Model bert = Make("bert");
        string causal = Changed(Write(bert), keys => Assert.True(keys.Remove("bert.attention.causal")));
        Assert.Contains("attention.causal", Assert.Throws<UnsupportedConfigException>(() => Model.Load(causal)).Message);
    }

    /// <summary>
    /// The file holds rates where the model has their logarithms: negative numbers, those that the scan computes with.
    /// </summary>
    [Fact]
    public void RatesThatCannotBeAreRefusedByName()
    {
        using Model model = Make("mamba");
        string file = Write(model), other = Path.Combine(_folder, "other.gguf");
        using (GgufFile usual = GgufFile.Open(file))
        {
            IEnumerable<GgufTensorSpec> specs = usual.Entries.Select(e => new GgufTensorSpec(e.Name, e.Type, e.Shape));
            using GgufWriter writer = GgufWriter.Create(other, usual.Metadata, specs);
            foreach (GgufEntry entry in usual.Entries)
            {
                byte[] bytes = usual.Bytes(entry).ToArray();
                if (entry.Name == "blk.1.ssm_a")
                {
                    float[] rates = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes)];
                    Assert.All(rates, rate => Assert.True(rate < 0));
                    BitConverter.TryWriteBytes(bytes.AsSpan(20), 0.5f);
                }

                writer.Append(entry.Name, bytes);
            }

            writer.Complete();
        }

        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(other)).Message;
        Assert.Contains("blk.1.ssm_a holds 0.5", message);
    }

    /// <summary>Which layers have attention, and which experts, must be the same number of layers apart.</summary>
    [Fact]
    public void LayersWithoutARuleAreRefused()
    {
        using Model model = Make("jamba");
        string irregular = Changed(Write(model), keys => keys["jamba.attention.head_count_kv"] = new uint[] { 0, 1, 1 });
        Assert.Contains("head_count_kv", Assert.Throws<UnsupportedConfigException>(() => Model.Load(irregular)).Message);
        string two = Changed(Write(model), keys => keys["jamba.attention.head_count_kv"] = new uint[] { 1, 0, 3 });
        Assert.Contains("head_count_kv", Assert.Throws<UnsupportedConfigException>(() => Model.Load(two)).Message);
        string few = Changed(Write(model), keys => keys["jamba.attention.head_count_kv"] = new uint[] { 0, 1 });
        Assert.Contains("3 layers", Assert.Throws<UnsupportedConfigException>(() => Model.Load(few)).Message);
    }

    [Fact]
    public void TurnsOfYarnGoAlong()
    {
        using Model model = TinyModels.Make("llama-yarn",
            json => json.Replace("\"factor\": 4.0", "\"factor\": 4.0, \"beta_fast\": 16, \"beta_slow\": 2"));
        using Model again = Model.Load(Write(model));
        IOps ops = OpsUnderTest.Get("cpu-512");
        Bits.Equal(GgufRoundTripTests.Logits(model, ops), GgufRoundTripTests.Logits(again, ops), "yarn");
    }

    private static MixerSpec.Attention Attention(Model model) => (MixerSpec.Attention)model.Spec.Decoder!.Layers[0].Mixer;

    private static Model Make(string name, string head = "BertForSequenceClassification") => name switch
    {
        "bert" => Model.Create(name, Encoding.UTF8.GetBytes($$"""
            {"architectures": ["{{head}}"], "vocab_size": 61, "hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2,
            "intermediate_size": 56, "max_position_embeddings": 80, "type_vocab_size": 2, "id2label": {"0": "bad", "1": "fair", "2": "good"} }
            """), new RandomSource(7)),
        "t5" => TinyModels.Make(name, json => json.Replace("max_distance\": 20", "max_distance\": 128")),
        "gemma2" => TinyModels.Make(name, json => json.Replace("query_pre_attn_scalar\": 20", "query_pre_attn_scalar\": 12")),
        "qwen2" => TinyModels.Make(name, json => json.Replace("use_sliding_window\": true", "use_sliding_window\": false")),
        "mamba" => TinyModels.Make(
            name, json => json.Replace("\"use_bias\": true, ", "").Replace("\"intermediate_size\": 52", "\"expand\": 2")),
        "falcon_mamba" => TinyModels.Make(name, json => json.Replace("1e-6, \"expand\": 1", "1e-5, \"expand\": 2")),
        _ => TinyModels.Make(name),
    };

    private string Write(Model model)
    {
        string file = Path.Combine(_folder, "model.gguf");
        GgufModelWriter.Write(model, file, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
        return file;
    }

    private string Changed(string path, Action<Dictionary<string, object>> change)
    {
        string changed = Path.Combine(_folder, "changed.gguf");
        using GgufFile file = GgufFile.Open(path);
        var keys = new Dictionary<string, object>(file.Metadata);
        change(keys);
        using GgufWriter writer = GgufWriter.Create(changed, keys,
            file.Entries.Select(e => new GgufTensorSpec(e.Name, e.Type, e.Shape)));
        foreach (GgufEntry entry in file.Entries)
            writer.Append(entry.Name, file.Bytes(entry));
        writer.Complete();
        return changed;
    }

    /// <summary>The experts of a layer as a tensor each.</summary>
    private static IEnumerable<(string Name, long[] Shape, byte[] Bytes)> Split(GgufFile file, GgufEntry entry)
    {
        byte[] bytes = file.Bytes(entry).ToArray();
        long[] shape = [.. entry.Shape];
        if (!entry.Name.EndsWith("_exps.weight", StringComparison.Ordinal))
            return [(entry.Name, shape, bytes)];
        int size = bytes.Length / (int)shape[0];
        return Enumerable.Range(0, (int)shape[0])
            .Select(i => (entry.Name.Replace("_exps.", $".{i}."), shape[1..], bytes[(i * size)..((i + 1) * size)]));
    }

    /// <summary>q, k and v one after another.</summary>
    private static IEnumerable<(string Name, long[] Shape, byte[] Bytes)> Fuse(GgufFile file, GgufEntry entry)
    {
        byte[] Of(string name) => file.Bytes(file.Entries.Single(e => e.Name == name)).ToArray();
        long[] shape = [.. entry.Shape];
        if (entry.Name.Contains(".attn_k.") || entry.Name.Contains(".attn_v."))
            return [];
        if (!entry.Name.Contains(".attn_q."))
            return [(entry.Name, shape, Of(entry.Name))];
        byte[] all = [.. Of(entry.Name), .. Of(entry.Name.Replace("attn_q", "attn_k")),
            .. Of(entry.Name.Replace("attn_q", "attn_v"))];
        return [(entry.Name.Replace("attn_q", "attn_qkv"), [3 * shape[0], .. shape[1..]], all)];
    }
}
