using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Lab;

/// <summary>A small model that an experiment trains itself, with AdamW, from a fixed seed.</summary>
internal sealed class SmallModel : IDisposable
{
    private const double Beta2 = 0.98, WeightDecay = 0.01, LargestNorm = 1;

    private readonly LabRun _run;
    private readonly AdamW _optimizer;

    /// <summary>A model with random weights.</summary>
    /// <param name="run">Whose ops, seed and cancellation are used.</param>
    /// <param name="config">A model config, as <c>model_config</c> of a recipe.</param>
    /// <param name="deviation">Standard deviation of the weights; null: the family's.</param>
    public SmallModel(LabRun run, string config, float? deviation = null)
    {
        _run = run;
        Model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(run.Seed, deviation));
        _optimizer = new AdamW(new ParameterSelection().Select(Model), new AdamWOptions { Beta2 = Beta2, WeightDecay = WeightDecay });
    }

    /// <summary>The model.</summary>
    public Model Model { get; }

    /// <summary>What is trained, with gradients after a step that does not clear them.</summary>
    public IReadOnlyList<TrainableParameter> Parameters => _optimizer.Parameters;

    /// <summary>A config of the family of switches (model_type <c>seriatim</c>).</summary>
    /// <param name="shape"><c>decoder</c>, <c>encoder-decoder</c> or <c>encoder</c>.</param>
    /// <param name="vocabulary">Ids.</param>
    /// <param name="width">Features of a row.</param>
    /// <param name="layers">Layers of each stack.</param>
    /// <param name="context">Positions.</param>
    /// <param name="switches">Further keys with their values.</param>
    public static string Config(
        string shape, int vocabulary, int width, int layers, int context, params (string Key, JsonNode Value)[] switches)
    {
        var config = new JsonObject
        {
            ["model_type"] = "seriatim",
            ["shape"] = shape,
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = width,
            ["num_attention_heads"] = 4,
            ["intermediate_size"] = 4 * width,
            ["max_position_embeddings"] = context,
        };
        if (shape != "decoder")
            config["num_encoder_layers"] = layers;
        if (shape != "encoder")
            config["num_decoder_layers"] = layers;
        foreach ((string key, JsonNode value) in switches)
            config[key] = value;
        return config.ToJsonString();
    }

    /// <summary>Trains: a linear warm-up over a tenth of the steps, then a cosine down to nothing.</summary>
    /// <param name="steps">Steps.</param>
    /// <param name="rate">The highest learning rate.</param>
    /// <param name="batch">The batch of a step.</param>
    /// <param name="doing">What is said meanwhile.</param>
    /// <param name="after">Is called after each gradient, before the step that uses it: step, mean loss, learning rate.</param>
    /// <param name="enough">Asked before every tenth step whether to end; the rate does not fall then.</param>
    /// <returns>The mean loss of a label over the last tenth of the steps, in nats.</returns>
    public double Train(int steps, double rate, Func<int, TrainingBatch> batch, string doing, Action<int, double, double>? after = null,
        Func<bool>? enough = null)
    {
        int warmUp = Math.Max(1, steps / 10), last = Math.Max(1, steps / 10);
        double sum = 0;
        for (int step = 0; step < steps; step++)
        {
            if (step % 10 == 0 && enough?.Invoke() == true)
                break;
            if (step % 20 == 0)
                _run.Say($"{doing}, step {step} of {steps}");
            TrainingBatch made = batch(step);
            double loss = LossPass.Train(Model, _run.Ops, made) / made.Labels.Length;
            double now = rate * (step < warmUp ? (step + 1.0) / warmUp : enough is not null ? 1
                : 0.5 * (1 + Math.Cos(Math.PI * (step - warmUp) / Math.Max(1, steps - warmUp))));
            after?.Invoke(step, loss, now);
            double norm = GradientNorm.Of(_run.Ops, Parameters) / made.Labels.Length;
            _optimizer.Step(_run.Ops, now, GradientNorm.ClipFactor(norm, LargestNorm) / made.Labels.Length, clear: true);
            sum += step >= steps - last ? loss : 0;
        }

        return sum / last;
    }

    /// <summary>Loss and accuracy over some batches.</summary>
    public TokenScores Score(IEnumerable<TrainingBatch> batches)
    {
        var scores = new TokenScores(0, 0, 0);
        foreach (TrainingBatch batch in batches)
        {
            _run.Cancellation.ThrowIfCancellationRequested();
            scores += LossPass.Evaluate(Model, _run.Ops, batch);
        }

        return scores;
    }

    /// <summary>The most likely id after each row of a batch.</summary>
    public int[] MostLikely(TrainingBatch batch)
    {
        using Tensor? encoded = batch.Source is null ? null : Model.Encode(_run.Ops, batch.Source);
        using Tensor hidden = Model.Forward(_run.Ops, batch.Rows, encoded);
        using Tensor logits = Model.Project(_run.Ops, hidden);
        HostRows rows = logits.Read();
        int[] best = new int[rows.Rows];
        for (int row = 0; row < best.Length; row++)
        {
            ReadOnlySpan<float> values = rows.Row(row);
            for (int id = 1; id < values.Length; id++)
                best[row] = values[id] > values[best[row]] ? id : best[row];
        }

        return best;
    }

    /// <summary>Greedy targets of a length, all sources together; each step reads the whole prefix, which is short here.</summary>
    /// <param name="sources">Sources of an encoder-decoder.</param>
    /// <param name="startId">The decoder's first input.</param>
    /// <param name="length">Ids wanted.</param>
    public int[][] Greedy(IReadOnlyList<int[]> sources, int startId, int length)
    {
        int[][] targets = [.. sources.Select(_ => new int[length])];
        var encoder = new RaggedBatchBuilder();
        var places = new List<EncoderRows>();
        foreach (int[] source in sources)
        {
            places.Add(new EncoderRows(encoder.Rows, source.Length));
            encoder.AddEncoder(source);
        }

        RaggedBatch read = encoder.Build();
        for (int at = 0; at < length; at++)
        {
            _run.Cancellation.ThrowIfCancellationRequested();
            var decoder = new RaggedBatchBuilder();
            for (int i = 0; i < targets.Length; i++)
                decoder.Add([startId, .. targets[i].AsSpan(0, at)], outputs: Outputs.Last, encoder: places[i]);
            RaggedBatch rows = decoder.Build();
            int[] best = MostLikely(new TrainingBatch(rows, read, [], []));
            for (int i = 0; i < targets.Length; i++)
                targets[i][at] = best[rows.OutputRows.Span[i]];
        }

        return targets;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        Model.Dispose();
    }
}
