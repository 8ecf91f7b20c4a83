using System.Diagnostics;
using System.Text;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Peers;

/// <summary>This project's engine with random weights: speed does not depend on what they say.</summary>
internal sealed class SeriatimEmbedder : IContender
{
    private readonly Model _model;
    private readonly IDifferentiableOps _ops;
    private readonly GenerationEngine _engine;
    private readonly int[][] _ids = EmbeddingPlan.Ids();

    public SeriatimEmbedder(int threads)
    {
        string config = $$"""
            {
              "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 384,
              "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536, "hidden_act": "gelu",
              "vocab_size": {{EmbeddingPlan.Vocabulary}}, "max_position_embeddings": 512, "type_vocab_size": 2,
              "layer_norm_eps": 1e-12, "pad_token_id": 0
            }
            """;
        _model = Model.Create("minilm", Encoding.UTF8.GetBytes(config), new RandomSource(1, 0.02f));
        _ops = CpuOps.Create(threads);
        _engine = new GenerationEngine(new LoadedModel(_model, _ops), new EngineOptions());
    }

    public string Version => Build.Seriatim;

    public double[] Run()
    {
        long start = Stopwatch.GetTimestamp();
        Task<EncodingResult>[] results = [
            .. _ids.Select(ids =>
                _engine.EncodeAsync(new EncodingRequest { Tokens = ids, Pooling = PoolingKind.Mean, Normalize = true }))];
        Task.WaitAll(results);
        return [Stopwatch.GetElapsedTime(start).TotalSeconds];
    }

    public void Dispose()
    {
        _engine.Dispose();
        _ops.Dispose();
        _model.Dispose();
    }
}
