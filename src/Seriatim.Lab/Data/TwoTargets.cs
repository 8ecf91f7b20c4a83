namespace Seriatim.Lab;

/// <summary>
/// A task whose sources have two equally good targets, as sentences have several translations: all small letters or all capitals.
/// </summary>
internal sealed class TwoTargets
{
    private const int Letters = 8, Symbols = 2 * Letters, Begin = Symbols, Pad = Symbols + 1, End = Symbols + 2,
        Mask = Symbols + 3, Length = 6;
    private const int Batch = 48, Sources = 2304, Tested = 200;

    private readonly LabRun _run;
    private readonly int[][] _sources;

    /// <summary>Sources by the seed of a run.</summary>
    public TwoTargets(LabRun run)
    {
        _run = run;
        _sources = [.. Enumerable.Range(0, Sources + Tested).Select(Draw)];
    }

    /// <summary>Ids.</summary>
    public static int Vocabulary => Symbols + 4;

    /// <summary>A small model of Mask-Predict for it.</summary>
    public static Model Make(ulong seed) => LabModel.Make($$"""
        {"model_type": "cmlm_transformer", "vocab_size": {{Vocabulary}}, "bos_token_id": {{Begin}}, "pad_token_id": {{Pad}},
        "eos_token_id": {{End}}, "mask_token_id": {{Mask}}, "share_all_embeddings": true, "no_scale_embedding": true,
        "encoder_embed_dim": 64, "encoder_ffn_embed_dim": 256, "encoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_embed_dim": 64, "decoder_ffn_embed_dim": 256, "decoder_layers": 2, "decoder_attention_heads": 4,
        "encoder_normalize_before": true, "decoder_normalize_before": true,
        "max_source_positions": 40, "max_target_positions": 40}
        """, seed, 0.1f);

    /// <summary>The batch of a step for a model that writes one id after the other: either target, as a coin falls.</summary>
    public TrainingBatch Pairs(int step)
    {
        var batch = new PairBatch(Begin);
        foreach (int number in Numbers(step))
            batch.Add(_sources[number], Coin(step, number));
        return batch.Build();
    }

    /// <summary>What a teacher answers to the sources that are learnt from.</summary>
    public Dictionary<int, int[]> Teach(SmallModel teacher)
    {
        var taught = new Dictionary<int, int[]>();
        foreach (int[] some in Enumerable.Range(0, Sources).Chunk(256))
        {
            int[][] answers = teacher.Greedy([.. some.Select(number => _sources[number])], Begin, Length);
            for (int i = 0; i < some.Length; i++)
                taught[some[i]] = answers[i];
        }

        return taught;
    }

    /// <summary>The batch of a step for Mask-Predict.</summary>
    /// <param name="step">The step.</param>
    /// <param name="taught">A teacher's answers; null: either target.</param>
    public TrainingBatch Masked(int step, Dictionary<int, int[]>? taught)
    {
        RaggedBatchBuilder source = new(), target = new();
        List<int> rows = [], labels = [], lengths = [];
        foreach (int number in Numbers(step))
        {
            int[] ids = [Begin, .. taught is null ? Coin(step, number) : taught[number], End];
            int[] places = [.. Enumerable.Range(1, Length)];
            var random = new CounterRandom(_run.Seed, 1000 + (ulong)(step * Batch + rows.Count));
            random.Shuffle(places.AsSpan());
            foreach (int place in places.Take(1 + random.Below(99, Length)).Order())
            {
                rows.Add(target.Rows + place);
                labels.Add(ids[place]);
                ids[place] = Mask;
            }

            lengths.Add(ids.Length);
            target.AddTarget(ids, new EncoderRows(source.Rows, Length));
            source.AddEncoder(_sources[number]);
        }

        return new TrainingBatch(target.Build(), source.Build(), [.. rows], [.. labels])
        {
            Lengths = new LengthLabels([.. lengths], 0.1f * labels.Count / lengths.Count),
        };
    }

    /// <summary>The share of answers that are one of the two targets.</summary>
    public double Share(IEnumerable<(int Number, int[] Answer)> answers) => answers.Average(pair =>
        pair.Answer.SequenceEqual(_sources[pair.Number]) || pair.Answer.SequenceEqual(Capitals(_sources[pair.Number])) ? 1.0 : 0);

    /// <summary>That share for sources that nobody has seen.</summary>
    public async Task<double> ShareAsync(SmallModel model, int passes)
    {
        await using var engine = new GenerationEngine(new LoadedModel(model.Model, _run.Ops),
            new EngineOptions { TokenBudget = 1024 });
        (int Number, Task<GenerationResult> Result)[] all = [.. Enumerable.Range(Sources, Tested).Select(number => (number,
            engine.CompleteAsync(new GenerationRequest
            {
                Prompt = ReadOnlyMemory<int>.Empty,
                EncoderInput = _sources[number],
                MaxNewTokens = Length + 2,
                MaskPredict = new MaskPredictOptions { Iterations = passes },
            }, _run.Cancellation)))];
        var answers = new List<(int, int[])>();
        foreach ((int number, Task<GenerationResult> result) in all)
        {
            IReadOnlyList<int> ids = (await result).Choices[0].TokenIds;
            answers.Add((number, [.. ids.Where(id => id < Symbols)]));
        }

        return Share(answers);
    }

    private static IEnumerable<int> Numbers(int step) => Enumerable.Range(0, Batch).Select(i => (step * Batch + i) % Sources);

    private int[] Coin(int step, int number) =>
        new CounterRandom(_run.Seed, 5).Below((ulong)(step * Sources + number), 2) == 0
            ? _sources[number] : Capitals(_sources[number]);

    private static int[] Capitals(int[] small) => [.. small.Select(letter => letter + Letters)];

    private int[] Draw(int number)
    {
        var random = new CounterRandom(_run.Seed, 6);
        return [.. Enumerable.Range(0, Length).Select(t => random.Below((ulong)(number * Length + t), Letters))];
    }
}
