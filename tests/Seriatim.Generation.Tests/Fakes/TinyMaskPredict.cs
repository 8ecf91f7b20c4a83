using System.Text;

namespace Seriatim.Generation.Tests;

/// <summary>Small models that fill in whole targets, of random weights, by the rules of both public codes.</summary>
internal static class TinyMaskPredict
{
    public const int Vocabulary = 61, Longest = 24;

    public static TheoryData<string> Kinds => ["paper", "paper-pre", "fairseq", "fairseq-offset"];

    public static Model Create(string kind)
    {
        string before = kind == "paper-pre" ? "true" : "false";
        string shape = $$"""
            "vocab_size": {{Vocabulary}}, "encoder_embed_dim": 24, "encoder_ffn_embed_dim": 40, "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_normalize_before": {{before}}, "decoder_embed_dim": 24, "decoder_ffn_embed_dim": 40, "decoder_layers": 2,
            "decoder_attention_heads": 3, "decoder_normalize_before": {{before}}, "max_source_positions": 32,
            "max_target_positions": {{Longest}}, "share_all_embeddings": true
            """;
        string config = kind switch
        {
            "fairseq" => $$"""{"architectures": ["cmlm_transformer"], {{shape}}, "activation_fn": "relu"}""",
            "fairseq-offset" => $$"""
                {"architectures": ["cmlm_transformer"], {{shape}}, "activation_fn": "gelu", "encoder_learned_pos": true,
                "decoder_learned_pos": true, "pred_length_offset": true, "bos_token_id": 5, "pad_token_id": 0, "eos_token_id": 1,
                "mask_token_id": 60}
                """,
            _ => $$"""{"architectures": ["bert_transformer_seq2seq"], {{shape}} }""",
        };
        return Model.Create(kind, Encoding.UTF8.GetBytes(config), new RandomSource(11, 0.4f));
    }

    /// <summary>Requests of all kinds there are, drawn with a fixed seed.</summary>
    public static GenerationRequest[] Requests(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int candidates = random.Next(1, 5);
            return new GenerationRequest
            {
                Prompt = default,
                EncoderInput = Enumerable.Range(0, random.Next(1, 20)).Select(_ => random.Next(Vocabulary)).ToArray(),
                MaskPredict = new MaskPredictOptions
                {
                    Iterations = random.Next(4) == 0 ? null : random.Next(1, 8),
                    LengthCandidates = candidates,
                    StreamsSteps = random.Next(2) == 0,
                },
                Count = random.Next(1, candidates + 1),
                Logprobs = random.Next(3) switch { 0 => null, 1 => 0, _ => 2 },
                MinNewTokens = random.Next(4) == 0 ? 5 : 0,
                MaxNewTokens = random.Next(3) == 0 ? 7 : null,
                Priority = random.Next(8) == 0 ? 1 : 0,
                Seed = (ulong)i,
            };
        })];
    }
}
