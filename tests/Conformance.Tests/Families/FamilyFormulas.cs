using static Seriatim.Conformance.Tests.Scalar;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// Forward passes of families that there are no golden numbers for, from the published formulas and names, for the shapes of
/// <see cref="TinyFamilies"/>. Two layers each.
/// </summary>
internal static class FamilyFormulas
{
    private const int Layers = 2;

    /// <summary>The formula of each row.</summary>
    public static IReadOnlyDictionary<string, Func<Scalar, int[], double[][]>> All { get; } =
        new Dictionary<string, Func<Scalar, int[], double[][]>>
        {
            ["gemma"] = Gemma,
            ["olmo"] = Olmo,
            ["olmo3"] = Olmo3,
            ["seed_oss"] = SeedOss,
            ["exaone4"] = Exaone4,
            ["ernie4_5"] = Ernie45,
            ["glm4_moe"] = Glm4Moe,
            ["qwen2_moe"] = Qwen2Moe,
            ["cohere"] = Cohere,
            ["phi"] = Phi,
            ["falcon"] = Falcon,
            ["falcon-new"] = FalconNew,
            ["falcon-alibi"] = FalconAlibi,
            ["mpt"] = Mpt,
            ["gptj"] = GptJ,
            ["gpt_bigcode"] = GptBigCode,
            ["starcoder2"] = Starcoder2,
            ["stablelm"] = StableLm,
            ["stablelm-heads"] = StableLmHeads,
            ["deepseek_v3-halves"] = DeepseekHalves,
            ["granitemoe"] = GraniteMoe,
            ["olmoe"] = Olmoe,
            ["ministral3"] = Ministral3,
            ["glm"] = Glm,
        };

    /// <summary>Layers with the usual names, after an embedding and before a norm and a head.</summary>
    private static double[][] Decoder(Scalar w, int[] ids, int width, Func<double[][], string, int, double[][]> layer,
        Func<double[][], double[][]> norm, string head = "lm_head", string embed = "model.embed_tokens",
        string path = "model.layers", double scale = 1)
    {
        double[][] x = Each(w.Rows(embed + ".weight", ids, width), value => value * scale);
        for (int i = 0; i < Layers; i++)
            x = layer(x, $"{path}.{i}", i);
        return w.Linear(norm(x), head);
    }

    /// <summary>Llama's attention with what a family does to queries and keys.</summary>
    private static double[][] Attention(Scalar w, double[][] x, string path, int d, Func<double[][], string, double[][]> turn,
        int window = 0, Func<double[][], double[][]>? cut = null, string o = "o_proj")
    {
        cut ??= rows => rows;
        double[][] q = turn(cut(w.Linear(x, $"{path}.self_attn.q_proj")), "q");
        double[][] k = turn(cut(w.Linear(x, $"{path}.self_attn.k_proj")), "k");
        return w.Linear(Attend(q, k, cut(w.Linear(x, $"{path}.self_attn.v_proj")), d, window: window), $"{path}.self_attn.{o}");
    }

    private static double[][] Gemma(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm", offset: 1), path, 12,
            (rows, _) => Rope(rows, 12, 12, 10000, neighbours: false)));
        return Add(h, w.Gated(w.Rms(h, $"{path}.post_attention_layernorm", offset: 1), $"{path}.mlp", GeluTanh));
    }, x => w.Rms(x, "model.norm", offset: 1), "model.embed_tokens", scale: Math.Sqrt(40));

    private static double[][] Olmo(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] h = Add(x, Attention(w, w.LayerNorm(x, null), path, 12, (rows, _) => Rope(rows, 12, 12, 10000, false),
            cut: rows => Each(rows, value => Math.Clamp(value, -0.9, 0.9))));
        return Add(h, w.Gated(w.LayerNorm(h, null), $"{path}.mlp"));
    }, x => w.LayerNorm(x, null));

    /// <summary>The scaling of the test, positions divided by 4, holds in the layer that sees everything.</summary>
    private static double[][] Olmo3(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, layer) =>
    {
        double[][] mixed = Attention(w, x, path, 12, (rows, kind) => Rope(
            w.Rms(rows, $"{path}.self_attn.{kind}_norm"), 12, 12, 10000, false, layer == 1 ? 4 : 1), layer == 0 ? 5 : 0);
        double[][] h = Add(x, w.Rms(mixed, $"{path}.post_attention_layernorm"));
        return Add(h, w.Rms(w.Gated(h, $"{path}.mlp"), $"{path}.post_feedforward_layernorm"));
    }, x => w.Rms(x, "model.norm"));

    private static double[][] SeedOss(Scalar w, int[] ids)
    {
        Assert.True(w.Has("model.layers.0.self_attn.v_proj.bias") && !w.Has("model.layers.0.self_attn.o_proj.bias"));
        return Llama(w, ids, neighbours: false, 10000, 1e-6, "lm_head");
    }

    private static double[][] Ernie45(Scalar w, int[] ids)
    {
        Assert.True(w.Has("model.layers.0.mlp.down_proj.bias"));
        return Llama(w, ids, neighbours: true, 500000, 1e-6, "model.embed_tokens");
    }

    private static double[][] Llama(Scalar w, int[] ids, bool neighbours, double theta, double epsilon, string head) =>
        Decoder(w, ids, 40, (x, path, _) =>
        {
            double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm", epsilon), path, 12,
                (rows, _) => Rope(rows, 12, 12, theta, neighbours)));
            return Add(h, w.Gated(w.Rms(h, $"{path}.post_attention_layernorm", epsilon), $"{path}.mlp"));
        }, x => w.Rms(x, "model.norm", epsilon), head);

    private static double[][] Exaone4(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, layer) =>
    {
        double[][] Turn(double[][] rows, string kind)
        {
            double[][] normed = w.RmsHeads(rows, $"{path}.self_attn.{kind}_norm", 12, 1e-6);
            return layer == 0 ? Rope(normed, 12, 12, 10000, false) : normed;
        }

        double[][] h = Add(x, w.Rms(Attention(w, x, path, 12, Turn, layer == 0 ? 5 : 0), $"{path}.post_attention_layernorm"));
        return Add(h, w.Rms(w.Gated(h, $"{path}.mlp"), $"{path}.post_feedforward_layernorm"));
    }, x => w.Rms(x, "model.norm"));

    private static double[][] Glm4Moe(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, layer) =>
    {
        double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm"), path, 12, (rows, kind) =>
            Rope(w.RmsHeads(rows, $"{path}.self_attn.{kind}_norm", 12, 1e-6), 12, 6, 10000, false)));
        double[][] n = w.Rms(h, $"{path}.post_attention_layernorm");
        if (layer == 0)
            return Add(h, w.Gated(n, $"{path}.mlp"));
        double[] bias = w.Vector($"{path}.mlp.gate.e_score_correction_bias");
        double[][] routed = w.Experts(n, $"{path}.mlp.experts", (_, logits) =>
        {
            double[] score = [.. logits.Select(Sigmoid)];
            double[] choice = [.. score.Select((value, e) => value + bias[e])];
            int[] groups = [.. Enumerable.Range(0, 3).OrderByDescending(
                g => choice[(2 * g)..(2 * g + 2)].Sum()).Take(2)];
            int[] chosen = [.. Enumerable.Range(0, 6).Where(e => groups.Contains(e / 2))
                .OrderByDescending(e => choice[e]).Take(2)];
            double sum = chosen.Sum(e => score[e]) + 1e-20;
            return [.. chosen.Select(e => (e, 1.5 * score[e] / sum))];
        }, w.Linear(n, $"{path}.mlp.gate"));
        return Add(h, routed, w.Gated(n, $"{path}.mlp.shared_experts"));
    }, x => w.Rms(x, "model.norm"));

    private static double[][] Qwen2Moe(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm"), path, 12,
            (rows, _) => Rope(rows, 12, 12, 10000, false)));
        double[][] n = w.Rms(h, $"{path}.post_attention_layernorm");
        double[][] routed = w.Experts(n, $"{path}.mlp.experts", (_, logits) =>
        {
            double sum = logits.Sum(Math.Exp);
            return [.. Enumerable.Range(0, 5).OrderByDescending(e => logits[e]).Take(2)
                .Select(e => (e, Math.Exp(logits[e]) / sum))];
        }, w.Linear(n, $"{path}.mlp.gate"));
        double[][] gate = Each(w.Linear(n, $"{path}.mlp.shared_expert_gate"), Sigmoid);
        double[][] shared = [.. w.Gated(n, $"{path}.mlp.shared_expert").Select(
            (row, i) => row.Select(value => value * gate[i][0]).ToArray())];
        return Add(h, routed, shared);
    }, x => w.Rms(x, "model.norm"));

    private static double[][] Cohere(Scalar w, int[] ids)
    {
        double[][] HeadNorm(double[][] rows, string name)
        {
            double[] factors = w.Vector(name);
            return Heads(rows, 10, (head, values) =>
                [.. w.LayerNorm([values], null)[0].Select((value, i) => value * factors[head * 10 + i])]);
        }

        return Each(Decoder(w, ids, 40, (x, path, _) =>
        {
            double[][] n = w.LayerNorm(x, $"{path}.input_layernorm");
            double[][] mixed = Attention(w, n, path, 10, (rows, kind) => Rope(
                HeadNorm(rows, $"{path}.self_attn.{kind}_norm.weight"), 10, 10, 10000, neighbours: true));
            return Add(x, mixed, w.Gated(n, $"{path}.mlp"));
        }, x => w.LayerNorm(x, "model.norm"), "model.embed_tokens"), value => value * 0.0625);
    }

    private static double[][] Phi(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] n = w.LayerNorm(x, $"{path}.input_layernorm");
        double[][] mixed = Attention(w, n, path, 20, (rows, kind) => Rope(Heads(rows, 20, (_, head) =>
            w.LayerNorm([head], $"{path}.self_attn.{kind}_layernorm")[0]), 20, 10, 10000, false), o: "dense");
        return Add(x, mixed, w.Linear(Each(w.Linear(n, $"{path}.mlp.fc1"), GeluTanh), $"{path}.mlp.fc2"));
    }, x => w.LayerNorm(x, "model.final_layernorm"));

    private static double[][] FalconLayers(Scalar w, int[] ids, Func<double[][], string, double[][]> layer) => Decoder(w, ids, 48,
        (x, path, _) => layer(x, path), x => w.LayerNorm(x, "transformer.ln_f"), "transformer.word_embeddings",
        "transformer.word_embeddings", "transformer.h");

    private static double[][] FalconInner(Scalar w, double[][] x, string path) => w.Linear(
        Each(w.Linear(x, $"{path}.mlp.dense_h_to_4h"), Gelu), $"{path}.mlp.dense_4h_to_h");

    private static double[][] Columns(double[][] x, params int[] starts) =>
        Map(x, row => [.. starts.SelectMany(start => row[start..(start + 8)])]);

    /// <summary>Six queries, then one key, then one value.</summary>
    private static double[][] Falcon(Scalar w, int[] ids) => FalconLayers(w, ids, (x, path) =>
    {
        double[][] n = w.LayerNorm(x, $"{path}.input_layernorm");
        double[][] all = w.Linear(n, $"{path}.self_attention.query_key_value");
        double[][] q = Rope(Columns(all, 0, 8, 16, 24, 32, 40), 8, 8, 10000, false),
            k = Rope(Columns(all, 48), 8, 8, 10000, false);
        double[][] mixed = w.Linear(Attend(q, k, Columns(all, 56), 8), $"{path}.self_attention.dense");
        return Add(x, mixed, FalconInner(w, n, path));
    });

    /// <summary>For each of two key heads three queries, the key, the value; a norm of each part.</summary>
    private static double[][] FalconNew(Scalar w, int[] ids) => FalconLayers(w, ids, (x, path) =>
    {
        double[][] all = w.Linear(w.LayerNorm(x, $"{path}.ln_attn"), $"{path}.self_attention.query_key_value");
        double[][] q = Rope(Columns(all, 0, 8, 16, 40, 48, 56), 8, 8, 10000, false);
        double[][] k = Rope(Columns(all, 24, 64), 8, 8, 10000, false);
        double[][] mixed = w.Linear(Attend(q, k, Columns(all, 32, 72), 8), $"{path}.self_attention.dense");
        return Add(x, mixed, FalconInner(w, w.LayerNorm(x, $"{path}.ln_mlp"), path));
    });

    /// <summary>Query, key and value of each head; the bias by distance is added before the scores are scaled.</summary>
    private static double[][] FalconAlibi(Scalar w, int[] ids) => FalconLayers(w, ids, (x, path) =>
    {
        double[] slopes = [0.25, 0.0625, 1 / 64.0, 1 / 256.0, 0.5, 0.125]; // four of 4 heads, then every second of 8
        double[][] all = w.Linear(w.LayerNorm(x, $"{path}.input_layernorm"), $"{path}.self_attention.query_key_value");
        int[] first = [0, 24, 48, 72, 96, 120];
        double[][] mixed = Attend(Columns(all, first), Columns(all, [.. first.Select(at => at + 8)]),
            Columns(all, [.. first.Select(at => at + 16)]), 8, bias: (h, i, j) => slopes[h] * (j - i) / Math.Sqrt(8));
        double[][] h = Add(x, w.Linear(mixed, $"{path}.self_attention.dense"));
        return Add(h, FalconInner(w, w.LayerNorm(h, $"{path}.post_attention_layernorm"), path));
    });

    /// <summary>Three heads have slopes of four: the second, the fourth, then the first; the largest bias is 2^-6.</summary>
    private static double[][] Mpt(Scalar w, int[] ids) => Decoder(w, ids, 36, (x, path, _) =>
    {
        double[] slopes = [Math.Pow(2, -3), Math.Pow(2, -6), Math.Pow(2, -1.5)];
        double[][] n = w.LayerNorm(x, $"{path}.norm_1");
        double[][] Part(int part) => Each(w.Linear(n, $"{path}.attn.Wqkv", (part * 36)..(part * 36 + 36)),
            value => Math.Clamp(value, -0.8, 0.8));
        double[][] mixed = Attend(Part(0), Part(1), Part(2), 12, bias: (h, i, j) => slopes[h] * (j - i));
        double[][] h = Add(x, w.Linear(mixed, $"{path}.attn.out_proj"));
        return Add(h, w.Linear(Each(w.Linear(w.LayerNorm(h, $"{path}.norm_2"), $"{path}.ffn.up_proj"), Gelu),
            $"{path}.ffn.down_proj"));
    }, x => w.LayerNorm(x, "transformer.norm_f"), "transformer.wte", "transformer.wte", "transformer.blocks");

    private static double[][] GptJ(Scalar w, int[] ids) => Decoder(w, ids, 36, (x, path, _) =>
    {
        double[][] n = w.LayerNorm(x, $"{path}.ln_1");
        double[][] mixed = Attend(Rope(w.Linear(n, $"{path}.attn.q_proj"), 12, 8, 10000, neighbours: true),
            Rope(w.Linear(n, $"{path}.attn.k_proj"), 12, 8, 10000, neighbours: true), w.Linear(n, $"{path}.attn.v_proj"), 12);
        return Add(x, w.Linear(mixed, $"{path}.attn.out_proj"),
            w.Linear(Each(w.Linear(n, $"{path}.mlp.fc_in"), GeluTanh), $"{path}.mlp.fc_out"));
    }, x => w.LayerNorm(x, "transformer.ln_f"), "lm_head", "transformer.wte", "transformer.h");

    private static double[][] GptBigCode(Scalar w, int[] ids)
    {
        double[][] positions = w.Rows("transformer.wpe.weight", [.. Enumerable.Range(0, ids.Length)], 36);
        return Decoder(w, ids, 36, (x, path, layer) =>
        {
            x = layer == 0 ? Add(x, positions) : x;
            double[][] n = w.LayerNorm(x, $"{path}.ln_1");
            double[][] mixed = Attend(w.Linear(n, $"{path}.attn.c_attn", ..36), w.Linear(n, $"{path}.attn.c_attn", 36..48),
                w.Linear(n, $"{path}.attn.c_attn", 48..60), 12);
            double[][] h = Add(x, w.Linear(mixed, $"{path}.attn.c_proj"));
            return Add(h, w.Linear(Each(w.Linear(w.LayerNorm(h, $"{path}.ln_2"), $"{path}.mlp.c_fc"), GeluTanh),
                $"{path}.mlp.c_proj"));
        }, x => w.LayerNorm(x, "transformer.ln_f"), "transformer.wte", "transformer.wte", "transformer.h");
    }

    private static double[][] Starcoder2(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] h = Add(x, Attention(w, w.LayerNorm(x, $"{path}.input_layernorm"), path, 10,
            (rows, _) => Rope(rows, 10, 10, 10000, false), window: 7));
        return Add(h, w.Linear(Each(w.Linear(w.LayerNorm(h, $"{path}.post_attention_layernorm"), $"{path}.mlp.c_fc"), GeluTanh),
            $"{path}.mlp.c_proj"));
    }, x => w.LayerNorm(x, "model.norm"), "model.embed_tokens");

    private static double[][] StableLm(Scalar w, int[] ids) => Decoder(w, ids, 48, (x, path, _) =>
    {
        double[][] n = w.LayerNorm(x, $"{path}.input_layernorm");
        double[][] mixed = Attention(w, n, path, 16, (rows, _) => Rope(rows, 16, 4, 10000, false));
        return Add(x, mixed, w.Gated(n, $"{path}.mlp"));
    }, x => w.LayerNorm(x, "model.norm"));

    /// <summary>A layer norm of each head with factors of its own.</summary>
    private static double[][] StableLmHeads(Scalar w, int[] ids) => Decoder(w, ids, 48, (x, path, _) =>
    {
        double[][] n = w.LayerNorm(x, $"{path}.input_layernorm");
        double[][] mixed = Attention(w, n, path, 12, (rows, kind) => Rope(Heads(rows, 12, (head, values) =>
            w.LayerNorm([values], $"{path}.self_attn.{kind}_layernorm.norms.{head}")[0]), 12, 6, 10000, false));
        return Add(x, mixed, w.Gated(n, $"{path}.mlp"));
    }, x => w.LayerNorm(x, "model.norm"));

    private static (int Expert, double Weight)[] Best(double[] logits, int count, bool amongThem)
    {
        int[] chosen = [.. Enumerable.Range(0, logits.Length).OrderByDescending(e => logits[e]).Take(count)];
        double sum = (amongThem ? chosen.Select(e => logits[e]) : logits).Sum(Math.Exp);
        return [.. chosen.Select(e => (e, Math.Exp(logits[e]) / sum))];
    }

    /// <summary>Experts lie in one tensor, the gates before what they open.</summary>
    private static double[][] GraniteMoe(Scalar w, int[] ids) => Each(Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] n = w.Rms(x, $"{path}.input_layernorm");
        double[][] q = Rope(w.Linear(n, $"{path}.self_attn.q_proj"), 12, 12, 10000, false);
        double[][] k = Rope(w.Linear(n, $"{path}.self_attn.k_proj"), 12, 12, 10000, false);
        double[][] mixed = Attend(q, k, w.Linear(n, $"{path}.self_attn.v_proj"), 12, scale: 0.3);
        double[][] h = Add(x, Each(w.Linear(mixed, $"{path}.self_attn.o_proj"), value => value * 0.4));
        double[][] m = w.Rms(h, $"{path}.post_attention_layernorm");
        double[][] Expert(double[] row, string name, int e, int inner) => w.Linear(Times(
            Each(w.Linear([row], $"{name}.input_linear", (2 * e * inner)..((2 * e + 1) * inner)), Silu),
            w.Linear([row], $"{name}.input_linear", ((2 * e + 1) * inner)..((2 * e + 2) * inner))),
            $"{name}.output_linear", (e * 40)..(e * 40 + 40));
        double[][] logits = w.Linear(m, $"{path}.block_sparse_moe.router.layer");
        double[][] routed = [.. m.Select((row, i) => Add([.. Best(logits[i], 2, amongThem: true).Select(best => Each(
            Expert(row, $"{path}.block_sparse_moe", best.Expert, 56), value => value * best.Weight))])[0])];
        double[][] shared = [.. m.Select(row => Expert(row, $"{path}.shared_mlp", 0, 28)[0])];
        return Add(h, Each(Add(routed, shared), value => value * 0.4));
    }, x => w.Rms(x, "model.norm"), scale: 3), value => value / 2);

    private static double[][] Olmoe(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm"), path, 12, (rows, kind) => Rope(
            w.Rms(rows, $"{path}.self_attn.{kind}_norm"), 12, 12, 10000, false)));
        double[][] n = w.Rms(h, $"{path}.post_attention_layernorm");
        return Add(h, w.Experts(n, $"{path}.mlp.experts", (_, logits) => Best(logits, 2, amongThem: false),
            w.Linear(n, $"{path}.mlp.gate")));
    }, x => w.Rms(x, "model.norm"));

    /// <summary>Positions are divided by 4 in the test; each six of them the queries grow.</summary>
    private static double[][] Ministral3(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm"), path, 12, (rows, kind) =>
        {
            double[][] turned = Rope(rows, 12, 12, 10000, false, 4);
            return kind == "k" ? turned
                : [.. turned.Select((row, p) => row.Select(value => value * (1 + 0.4 * Math.Log(1 + p / 6))).ToArray())];
        }));
        return Add(h, w.Gated(w.Rms(h, $"{path}.post_attention_layernorm"), $"{path}.mlp"));
    }, x => w.Rms(x, "model.norm"));

    private static double[][] Glm(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, _) =>
    {
        Assert.True(w.Has($"{path}.self_attn.v_proj.bias") && !w.Has($"{path}.self_attn.o_proj.bias"));
        double[][] h = Add(x, Attention(w, w.Rms(x, $"{path}.input_layernorm"), path, 12,
            (rows, _) => Rope(rows, 12, 6, 10000, neighbours: true)));
        double[][] n = w.Rms(h, $"{path}.post_attention_layernorm");
        return Add(h, w.Linear(Times(Each(w.Linear(n, $"{path}.mlp.gate_up_proj", ..56), Silu),
            w.Linear(n, $"{path}.mlp.gate_up_proj", 56..112)), $"{path}.mlp.down_proj"));
    }, x => w.Rms(x, "model.norm"));

    /// <summary>Keys and values of all heads are made of the latent, which the library never does; halves turn; biases.</summary>
    private static double[][] DeepseekHalves(Scalar w, int[] ids) => Decoder(w, ids, 40, (x, path, layer) =>
    {
        double[][] n = w.Rms(x, $"{path}.input_layernorm");
        string own = $"{path}.self_attn";
        double[][] q = w.Linear(w.Rms(w.Linear(n, $"{own}.q_a_proj"), $"{own}.q_a_layernorm"), $"{own}.q_b_proj");
        double[][] latent = w.Linear(n, $"{own}.kv_a_proj_with_mqa");
        double[][] turn = Rope(Map(latent, row => row[19..]), 6, 6, 10000, neighbours: false);
        double[][] all = w.Linear(w.Rms(Map(latent, row => row[..19]), $"{own}.kv_a_layernorm"), $"{own}.kv_b_proj");
        double[][] part = Rope(Heads(q, 13, (_, head) => head[7..]), 6, 6, 10000, neighbours: false);
        double[][] queries = [.. q.Select((row, i) => Heads([row], 13, (h, head) =>
            [.. head[..7], .. part[i][(6 * h)..(6 * h + 6)]])[0])];
        double[][] keys = [.. all.Select((row, i) => Heads([row], 18, (_, head) => [.. head[..7], .. turn[i]])[0])];
        double[][] values = Heads(all, 18, (_, head) => [.. head[7..], 0, 0]);
        double[][] mixed = Heads(Attend(queries, keys, values, 13), 13, (_, head) => head[..11]);
        double[][] h = Add(x, w.Linear(mixed, $"{own}.o_proj"));
        double[][] m = w.Rms(h, $"{path}.post_attention_layernorm");
        if (layer == 0)
            return Add(h, w.Gated(m, $"{path}.mlp"));
        double[] bias = w.Vector($"{path}.mlp.gate.e_score_correction_bias");
        double[][] routed = w.Experts(m, $"{path}.mlp.experts", (_, logits) =>
        {
            double[] score = [.. logits.Select(Sigmoid)];
            int[] chosen = [.. Enumerable.Range(0, 8).OrderByDescending(e => score[e] + bias[e]).Take(3)];
            double sum = chosen.Sum(e => score[e]) + 1e-20;
            return [.. chosen.Select(e => (e, 2.5 * score[e] / sum))];
        }, w.Linear(m, $"{path}.mlp.gate"));
        return Add(h, routed, w.Gated(m, $"{path}.mlp.shared_experts"));
    }, x => w.Rms(x, "model.norm"));
}
