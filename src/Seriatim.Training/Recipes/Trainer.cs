using System.Diagnostics;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// The training loop of a recipe: batches, loss, gradient, clipping, optimizer, log, validation, checkpoints. Every piece can be
/// used alone.
/// </summary>
/// <remarks>
/// The same recipe and data give the same bits for any number of threads, and a run that was stopped and resumed gives those of
/// one that never stopped.
/// </remarks>
public sealed class Trainer : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly TrainingOptions _options;
    private readonly IDifferentiableOps _ops;
    private readonly TrainingSet _data;
    private readonly Objective _objective;
    private readonly BatchLoader _loader;
    private readonly Optimizer _optimizer;
    private readonly WeightAverage? _average;
    private readonly LearningRateSchedule _schedule;
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _files = [];
    private readonly List<LogEntry> _history = [];
    private readonly string _settings;
    private readonly DropoutRates _dropout;
    private double _runningLoss;
    private long _runningLabels;

    /// <summary>Makes everything a run needs: the model, the tokenised data, the optimizer; restores a checkpoint.</summary>
    /// <param name="recipe">What to do.</param>
    /// <param name="options">Threads, resume, progress.</param>
    /// <param name="cancellation">Stops tokenising.</param>
    /// <exception cref="RecipeException">Recipe, model, tokenizer and checkpoint do not fit together.</exception>
    /// <exception cref="DataException">The data cannot be used as asked.</exception>
    /// <exception cref="ModelFormatException">A model or checkpoint file is damaged.</exception>
    /// <exception cref="ModelException">The model is not supported.</exception>
    public Trainer(TrainingRecipe recipe, TrainingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        (_recipe, _options) = (recipe, options ?? new TrainingOptions());
        Store = new CheckpointStore(recipe.OutputFolder, recipe.SaveTotalLimit);
        string? checkpoint = Store.Latest();
        if (checkpoint is not null && !_options.Resume)
            throw new RecipeException($"{recipe.OutputFolder} has checkpoints already. Resume, or choose another output_dir.");
        if (recipe.TrainTokenizer is { } vocabulary && !File.Exists(recipe.Tokenizer))
            vocabulary.Train(recipe.TrainFiles.Select(f => f.File), recipe.Tokenizer, new BadLines(recipe.MaxBadLines), cancellation);
        byte[] tokenizerFile = File.ReadAllBytes(recipe.Tokenizer);
        _files["tokenizer.json"] = tokenizerFile;
        string tokenizerConfig = Path.Combine(Path.GetDirectoryName(recipe.Tokenizer)!, "tokenizer_config.json");
        if (File.Exists(tokenizerConfig))
            _files["tokenizer_config.json"] = File.ReadAllBytes(tokenizerConfig);
        Tokenizer = Tokenizer.Load(recipe.Tokenizer);
        Model = LoadModel(recipe, checkpoint);
        try
        {
            CheckModel();
            _objective = ObjectiveFactory.Make(recipe, Model, Tokenizer);
            byte[] definition = [.. _files.Values.SelectMany(file => file.ToArray())];
            _data = new TrainingSet(recipe, _objective, Tokenizer, definition, Model.Spec.Context, cancellation);
            _loader = _data.NewLoader();
            IReadOnlyList<TrainableParameter> trained = recipe.Selection.Select(Model);
            _optimizer = recipe.UseLion
                ? new Lion(trained, recipe.Adam.Beta1, recipe.Adam.Beta2, recipe.Adam.WeightDecay, _options.Threads)
                : new AdamW(trained, recipe.Adam, _options.Threads);
            _average = recipe.AverageDecay > 0 ? new WeightAverage(trained, recipe.AverageDecay) : null;
            _schedule = recipe.Schedule(Model.Spec.Last.Width);
            _dropout = recipe.DropoutOf(Model.Spec.Dropout);
            _settings = Settings();
            _files["recipe.json"] = recipe.Json;
            _files["generation_config.json"] = GenerationConfig();
            if (checkpoint is not null)
                Restore(checkpoint);
            _ops = CpuOps.Create(_options.Threads);
        }
        catch
        {
            _average?.Dispose();
            _optimizer?.Dispose();
            _data?.Dispose();
            Model.Dispose();
            throw;
        }
    }

    /// <summary>The model being trained.</summary>
    public Model Model { get; }

    /// <summary>The tokenizer of the recipe.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The checkpoints of the run.</summary>
    public CheckpointStore Store { get; }

    /// <summary>Steps done so far, those before a resume included.</summary>
    public long Steps => _optimizer.Steps;

    /// <summary>Data lines that hold no example: their number, and the first of them if they were read in this run.</summary>
    public BadLines BadLines => _data.BadLines;

    /// <summary>Training examples left out because they are too long or too short.</summary>
    public int SkippedExamples => _data.Drawer.SkippedExamples;

    /// <summary>Everything logged so far.</summary>
    public IReadOnlyList<LogEntry> History => _history;

    /// <summary>Called after every step, so that tests can stop a run at one.</summary>
    internal Action<long>? AfterStep { get; set; }

    /// <summary>About how much memory the run takes.</summary>
    public MemoryEstimate Memory => MemoryEstimate.Of(Model, _optimizer, _average, LargestBatch());

    /// <summary>
    /// Trains up to the last step. Checkpoints and <c>metrics.jsonl</c> go to the output folder, the finished model (the average
    /// of the weights, if one is kept) to its folder <c>final</c>.
    /// </summary>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written; older ones are as they were.</exception>
    public TrainerResult Run(CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(_recipe.OutputFolder);
        using var log = new MetricsLog(Path.Combine(_recipe.OutputFolder, "metrics.jsonl"), Steps);
        var clock = Stopwatch.StartNew();
        long tokens = 0;
        while (Steps < _recipe.MaxSteps && !cancellation.IsCancellationRequested)
        {
            (int rows, double norm, double rate) = Step();
            tokens += rows;
            AfterStep?.Invoke(Steps);
            if (Steps % _recipe.LoggingSteps == 0)
            {
                Report(log, clock.Elapsed.TotalSeconds, tokens, new SortedDictionary<string, double>(StringComparer.Ordinal)
                {
                    ["loss"] = _runningLoss / _runningLabels,
                    ["learning_rate"] = rate,
                    ["grad_norm"] = norm,
                    ["epoch"] = _loader.Epochs,
                });
                (_runningLoss, _runningLabels, tokens) = (0, 0, 0);
                clock.Restart();
            }

            if (_recipe.EvalSteps > 0 && Steps % _recipe.EvalSteps == 0 && Steps < _recipe.MaxSteps)
                Validate(log);
            if (_recipe.SaveSteps > 0 && Steps % _recipe.SaveSteps == 0 && Steps < _recipe.MaxSteps)
                Save();
        }

        bool cancelled = Steps < _recipe.MaxSteps;
        string last = Path.Combine(_recipe.OutputFolder, $"checkpoint-{Steps}");
        bool saved = Store.All().Contains(last);
        TokenScores? scores = cancelled ? null : saved ? Evaluate() : Validate(log);
        string checkpoint = saved ? last : Save();
        if (!cancelled)
            WriteFinal();
        return new TrainerResult(Steps, cancelled, checkpoint, scores);
    }

    /// <summary>Scores on the validation data with the present weights, or their average if one is kept; null without such data.</summary>
    public TokenScores? Evaluate()
    {
        if (_data.Validation.Count == 0)
            return null;
        _average?.Swap();
        try
        {
            BatchPacking packing = _recipe.Packing with { GroupByLength = false };
            return packing.Pack(_data.Validation, _objective.RowsOf, default)
                .Select(batch => LossPass.Evaluate(Model, _ops, _objective.Make(batch))).Aggregate((a, b) => a + b);
        }
        finally
        {
            _average?.Swap();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _average?.Dispose();
        _optimizer.Dispose();
        _data.Dispose();
        _ops.Dispose();
        Model.Dispose();
    }

    /// <summary>One step of the optimizer: some batches, their mean gradient over all labels, clipped.</summary>
    private (int Rows, double Norm, double Rate) Step()
    {
        _optimizer.ClearGradients();
        double loss = 0;
        long labels = 0;
        int rows = 0;
        for (int i = 0; i < _recipe.AccumulationSteps; i++)
        {
            TrainingBatch batch = _objective.Make(_loader.Next());
            double batchLoss = LossPass.Train(Model, _ops, batch, _recipe.LabelSmoothing, Dropout(i));
            if (!double.IsFinite(batchLoss))
                throw new TrainingDivergedException(Steps + 1, $"the loss is {batchLoss}", Store.Latest());
            (loss, labels, rows) = (loss + batchLoss, labels + batch.Labels.Length, rows + batch.TotalRows);
        }

        double norm = GradientNorm.Of(_optimizer.Parameters) / labels;
        if (!double.IsFinite(norm))
            throw new TrainingDivergedException(Steps + 1, $"the gradient's norm is {norm}", Store.Latest());
        double rate = _schedule.RateAt(Steps);
        _optimizer.Step(rate, GradientNorm.ClipFactor(norm, _recipe.MaxGradientNorm) / labels);
        _average?.Update();
        (_runningLoss, _runningLabels) = (_runningLoss + loss, _runningLabels + labels);
        return (rows, norm, rate);
    }

    /// <summary>Dropout of a piece of the present step; null for none.</summary>
    private BatchDropout? Dropout(int piece) => _dropout == DropoutRates.None ? null
        : new BatchDropout(_dropout, new DropoutMask(0, _recipe.Seed).At((ulong)Steps).At((ulong)piece).Key);

    private void Report(MetricsLog log, double seconds, long tokens, SortedDictionary<string, double> values)
    {
        _history.Add(new LogEntry(Steps, new Dictionary<string, double>(values)));
        if (tokens > 0)
            values["tokens_per_second"] = tokens / seconds;
        var entry = new LogEntry(Steps, values);
        log.Write(entry);
        _options.Progress?.Report(entry);
    }

    private TokenScores? Validate(MetricsLog log)
    {
        if (Evaluate() is not { } scores)
            return null;
        var values = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["eval_loss"] = scores.Loss,
            ["eval_perplexity"] = scores.Perplexity,
            ["eval_accuracy"] = scores.Accuracy,
        };
        if (_data.ValidationBytes() is > 0 and var bytes)
            values["eval_bits_per_byte"] = scores.BitsPerByte(bytes);
        Report(log, 0, 0, values);
        return scores;
    }

    private string Save() => Store.Save(new TrainingSnapshot(Model, _optimizer, new TrainerState
    {
        GlobalStep = Steps,
        Epoch = _loader.Epochs,
        Position = _loader.Position,
        Seed = _recipe.Seed,
        Settings = _settings,
        RunningLoss = _runningLoss,
        RunningLabels = _runningLabels,
        LogHistory = _history,
    })
    { Average = _average, Files = _files });

    private void WriteFinal()
    {
        string folder = Path.Combine(_recipe.OutputFolder, "final");
        _average?.Swap();
        CheckpointWriter.Write(Model, folder);
        _average?.Swap();
        foreach ((string name, ReadOnlyMemory<byte> bytes) in _files)
            File.WriteAllBytes(Path.Combine(folder, name), bytes.Span);
    }

    private void Restore(string checkpoint)
    {
        TrainerState state = CheckpointStore.Restore(checkpoint, _optimizer, _average);
        if (state.Settings != _settings)
            throw new RecipeException($"{checkpoint} was made with other settings, so going on would not equal a run that never stopped."
                + $"{Environment.NewLine}checkpoint: {state.Settings}{Environment.NewLine}recipe: {_settings}");
        _loader.Position = state.Position;
        _history.AddRange(state.LogHistory);
        (_runningLoss, _runningLabels) = (state.RunningLoss, state.RunningLabels);
    }

    private static Model LoadModel(TrainingRecipe recipe, string? checkpoint)
    {
        if ((checkpoint ?? recipe.ModelFolder) is { } folder)
            return Model.Load(folder, new ModelLoadOptions { Storage = WeightStorage.F32 });
        return Model.Create("model_config", recipe.ModelConfig!.Value, new RandomSource(recipe.Seed, recipe.InitialDeviation));
    }

    private void CheckModel()
    {
        if (Tokenizer.VocabularySize > Model.Spec.Last.Vocabulary)
            throw new RecipeException(
                $"{_recipe.Tokenizer} has {Tokenizer.VocabularySize} ids; the model's vocab_size is {Model.Spec.Last.Vocabulary}.");
        foreach ((string key, double value) in Model.Config.TrainingValues.Where(v => v.Key.EndsWith("layerdrop", StringComparison.Ordinal)))
        {
            if (value != 0 && !_recipe.LayerDropOff)
                throw new RecipeException($"The model's config has {key} {value}; dropping whole layers is not built. Set \"layerdrop\": 0 in the recipe to train without.");
        }
    }

    /// <summary>All that the bits of the result depend on.</summary>
    private string Settings() => string.Join("; ", _schedule, _objective.GetType().Name, _recipe.MaskShare, _recipe.NoiseDensity,
        _recipe.SpanLength, _data.Limits, _recipe.Packing, $"accumulation {_recipe.AccumulationSteps}", _recipe.UseLion ? "lion" : "adamw",
        _recipe.Adam, $"clip {_recipe.MaxGradientNorm}", $"smoothing {_recipe.LabelSmoothing}", $"{_dropout}", $"ema {_recipe.AverageDecay}",
        $"freeze [{string.Join(' ', _recipe.Selection.Frozen)}]", $"no_decay [{string.Join(' ', _recipe.Selection.WithoutDecay)}]",
        $"seed {_recipe.Seed}", $"logging {_recipe.LoggingSteps}", $"split {_recipe.ValidationSplit}",
        $"weights [{string.Join(' ', _recipe.TrainFiles.Select(f => f.Weight))}]", _data.Keys);

    private long LargestBatch()
    {
        long perExample = Math.Min(_data.Limits.Source, 1 << 20) + (_objective.NeedsTargets ? Math.Min(_data.Limits.Target, 1 << 20) : 0L);
        long byExamples = _recipe.Packing.Examples > 0 ? _recipe.Packing.Examples * perExample : long.MaxValue;
        return Math.Min(byExamples, _recipe.Packing.Tokens > 0 ? _recipe.Packing.Tokens : long.MaxValue);
    }

    private byte[] GenerationConfig()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            Write("bos_token_id", Model.Config.BosTokenId);
            Write("decoder_start_token_id", Model.Config.DecoderStartTokenId);
            if (Model.Config.EosTokenIds is [int eos])
                json.WriteNumber("eos_token_id", eos);
            else if (Model.Config.EosTokenIds.Count > 1)
                WriteAll("eos_token_id", Model.Config.EosTokenIds);
            Write("pad_token_id", Model.Config.PadTokenId);
            json.WriteEndObject();

            void WriteAll(string key, IEnumerable<int> ids)
            {
                json.WriteStartArray(key);
                foreach (int id in ids)
                    json.WriteNumberValue(id);
                json.WriteEndArray();
            }

            void Write(string key, int? id)
            {
                if (id is { } value)
                    json.WriteNumber(key, value);
            }
        }

        return stream.ToArray();
    }
}
