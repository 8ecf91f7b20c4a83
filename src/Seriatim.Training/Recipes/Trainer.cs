using System.Collections.Concurrent;
using System.Diagnostics;

namespace Seriatim.Training;

/// <summary>
/// The training loop of a recipe: batches, loss, gradient, clipping, optimizer, log, validation, checkpoints. Every piece can be
/// used alone.
/// </summary>
/// <remarks>
/// The same recipe and data give the same bits for any number of threads, and a run that was stopped and resumed gives those of
/// one that never stopped.
/// </remarks>
public sealed partial class Trainer : IDisposable
{
    private static readonly ConcurrentDictionary<int, double> Peaks = new();

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
    private readonly Evaluation _evaluation;
    private readonly SortedDictionary<string, string> _settings;
    private readonly List<string> _notices = [];
    private readonly TrainingFlops? _flops;
    private readonly Teacher? _teacher;
    private readonly DropoutRates _dropout;
    private (long Step, TokenScores Scores)? _evaluated;
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
        {
            vocabulary.Train(recipe.TrainFiles.Select(f => f.File), recipe.Tokenizer, new BadLines(recipe.MaxBadLines),
                cancellation);
        }
        byte[] tokenizerFile = File.ReadAllBytes(recipe.Tokenizer);
        _files["tokenizer.json"] = tokenizerFile;
        string tokenizerConfig = Path.Combine(Path.GetDirectoryName(recipe.Tokenizer)!, "tokenizer_config.json");
        if (File.Exists(tokenizerConfig))
            _files["tokenizer_config.json"] = File.ReadAllBytes(tokenizerConfig);
        Tokenizer = Tokenizer.Load(recipe.Tokenizer);
        Model = RunParts.LoadModel(recipe, checkpoint, _options.Device, _notices.Add);
        try
        {
            RunParts.CheckModel(recipe, Model, Tokenizer);
            _objective = ObjectiveFactory.Make(recipe, Model, Tokenizer);
            byte[] definition = [.. _files.Values.SelectMany(file => file.ToArray())];
            _data = new TrainingSet(recipe, _objective, Tokenizer, definition, Model.Spec.Context, cancellation);
            RunParts.CheckObjective(recipe);
            _loader = _data.NewLoader();
            _evaluation = new Evaluation(recipe, _data, _objective, Tokenizer, _options);
            _evaluation.Check(Model);
            IReadOnlyList<TrainableParameter> trained = recipe.Selection.Select(Model);
            if (recipe.KeepsMasters)
                RunParts.KeepMasters(Model);
            _optimizer = RunParts.NewOptimizer(recipe, trained);
            _average = recipe.AverageDecay > 0 ? new WeightAverage(trained, recipe.AverageDecay) : null;
            TotalSteps = recipe.MaxSteps > 0 ? recipe.MaxSteps
                : Math.Max(1, (_loader.BatchesIn(recipe.Epochs) + recipe.AccumulationSteps - 1) / recipe.AccumulationSteps);
            _schedule = recipe.Schedule.Make(Model.Spec.Last.Width, TotalSteps);
            _dropout = recipe.DropoutOf(Model.Spec.Dropout);
            _teacher = recipe.Teacher is { } teacher ? new Teacher(teacher, Model, Tokenizer) : null;
            _settings = ResumeSettings.Of(recipe, _data, definition, TotalSteps, _dropout, _teacher);
            // Frozen weights need fewer operations; how many fewer depends on where they lie, so nothing is counted.
            _flops = recipe.Selection.Frozen.Count == 0 ? new TrainingFlops(Model.Spec) : null;
            _files["recipe.json"] = recipe.Json;
            _files[GenerationConfigFile.FileName] = GenerationConfigFile.Make(Model.Config);
            if (Model.Spec.HasBatchNorms)
                _notices.Add(RunParts.BatchNormNotice);
            if (checkpoint is not null)
                Restore(checkpoint);
            _ops = _options.Device.NewOps(_options.Threads);
        }
        catch
        {
            _teacher?.Dispose();
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

    /// <summary>Steps in all: <c>max_steps</c>, or those of <c>num_train_epochs</c>.</summary>
    public long TotalSteps { get; }

    /// <summary>The best checkpoint so far; null if none is looked for, or before the first evaluation.</summary>
    public BestModel? Best { get; private set; }

    /// <summary>Data lines that hold no example: their number, and the first of them if they were read in this run.</summary>
    public BadLines BadLines => _data.BadLines;

    /// <summary>Training examples left out because they are too long or too short.</summary>
    public int SkippedExamples => _data.Drawer.SkippedExamples;

    /// <summary>Everything logged so far.</summary>
    public IReadOnlyList<LogEntry> History => _history;

    /// <summary>What there is to say about the run, e.g. that it has more steps than before.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>Called after every step, so that tests can stop a run at one.</summary>
    internal Action<long>? AfterStep { get; set; }

    /// <summary>About how much memory the run takes.</summary>
    public MemoryEstimate Memory =>
        MemoryEstimate.Of(Model, _optimizer, _average, RunParts.LargestBatch(_recipe, _data, _objective));

    /// <summary>
    /// About how many seconds the steps that are left take: their multiply-adds by the shape of the model, at half of what the
    /// machine can do, which is measured. Null where the operations are not counted: with frozen weights.
    /// </summary>
    public double? EstimateSeconds()
    {
        if (_flops is null)
            return null;

        // Two operations a multiply-add, three times: forward, and backward for inputs and for weights.
        double matrices = Model.Parameters.Where(p => !p.IsVector).Sum(p => (double)p.Parameter.Rows * p.Parameter.Columns);
        double rows = RunParts.LargestBatch(_recipe, _data, _objective) * (double)_recipe.AccumulationSteps;
        return (TotalSteps - Steps) * 6 * matrices * rows / (PeakOf(_options.Threads) / 2);
    }

    /// <summary>
    /// Trains up to the last step. Checkpoints and <c>metrics.jsonl</c> go to the output folder, the finished model (the average
    /// of the weights, if one is kept) to its folder <c>final</c>.
    /// </summary>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite.</exception>
    /// <exception cref="CheckpointWriteException">A checkpoint or the finished model cannot be written; older ones are as they
    /// were.</exception>
    public TrainerResult Run(CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(_recipe.OutputFolder);
        using var report = new RunReport(_recipe.OutputFolder, RunSettings.Of(_recipe, Model, Memory, _options.Threads),
            _options, Steps, TotalSteps, PeakOf(_options.Threads));
        if (IsEvaluationDue)
            ValidateSaving(report, cancellation); // the run was stopped in the middle of it
        while (!Finished && !cancellation.IsCancellationRequested)
        {
            long start = Stopwatch.GetTimestamp();
            StepFigures figures = Step();
            report.Step(figures, Stopwatch.GetElapsedTime(start).TotalSeconds);
            AfterStep?.Invoke(Steps);
            if (Steps % _recipe.LoggingSteps == 0)
                LogSteps(report, figures);
            if (Steps == TotalSteps)
                break;
            if (IsEvaluationDue)
                ValidateSaving(report, cancellation);
            if (_recipe.SaveSteps > 0 && Steps % _recipe.SaveSteps == 0 || Best?.Step == Steps)
                Save();
        }

        return End(report, cancellation);
    }

    /// <summary>
    /// Scores on the validation data with the present weights, or their average if one is kept; null without such data.
    /// </summary>
    public TokenScores? Evaluate() => Averaged(() => _evaluation.Score(Model, _ops));

    /// <inheritdoc/>
    public void Dispose()
    {
        _teacher?.Dispose();
        _average?.Dispose();
        _optimizer.Dispose();
        _data.Dispose();
        _ops.Dispose();
        Model.Dispose();
    }

    private TrainerResult End(RunReport report, CancellationToken cancellation)
    {
        bool finished = Finished;
        TokenScores? scores = !finished ? null
            : _evaluated is { } last && last.Step == Steps ? last.Scores
            : HasEvaluation ? Evaluate() : ValidateSaving(report, cancellation);
        // A cancelled evaluation leaves the run unfinished: its figures are made when it goes on.
        finished &= scores is not null || _data.Validation.Count == 0;
        string checkpoint = Path.Combine(_recipe.OutputFolder, CheckpointStore.NameOf(Steps));
        if (!Store.All().Contains(checkpoint))
            Save();
        if (finished)
            WriteFinal();
        report.WritePage();
        return new TrainerResult(Steps, !finished, checkpoint, scores)
        {
            Best = Best,
            StoppedEarly = finished && Steps < TotalSteps,
        };
    }

    private bool HasEvaluation => _history.Any(entry => entry.Step == Steps && entry.Values.ContainsKey("eval_loss"));

    private bool IsEvaluationDue =>
        _recipe.EvalSteps > 0 && Steps > 0 && Steps < TotalSteps && Steps % _recipe.EvalSteps == 0 && !HasEvaluation;

    private bool Finished => Steps >= TotalSteps || _recipe.Best is { Patience: > 0 } best && Best?.Since >= best.Patience;

    /// <summary>One step of the optimizer: some batches, their mean gradient over all labels, clipped.</summary>
    private StepFigures Step()
    {
        double loss = 0;
        // Only where it is logged: it takes the logits of the batch once more.
        long correct = 0;
        Action<long>? count = (Steps + 1) % _recipe.LoggingSteps == 0 ? found => correct += found : null;
        double flops = 0; // gradients are zero: the last step left them so
        long labels = 0, rows = 0;
        for (int i = 0; i < _recipe.AccumulationSteps; i++)
        {
            TrainingBatch batch = _objective.Make(_loader.Next());
            if (_recipe.Sampling?.ProbabilityAt(Steps) is > 0 and var probability)
            {
                batch = ScheduledSampling.Apply(Model, _ops, batch, probability,
                    new CounterRandom(_recipe.Seed ^ 0x73616D706C65, ((ulong)Steps << 16) + (ulong)i));
            }
            double batchLoss = _teacher is null
                ? LossPass.TrainCounting(Model, _ops, batch, _recipe.LabelSmoothing, Dropout(i), _recipe.RecomputesLayers, count)
                : _teacher.Distillation.Train(Model, _ops, batch, _recipe.LabelSmoothing, Dropout(i), _recipe.RecomputesLayers);
            if (!double.IsFinite(batchLoss))
                throw new TrainingDivergedException(Steps + 1, $"the loss is {batchLoss}", Store.Latest());
            (loss, labels, rows) = (loss + batchLoss, labels + batch.Labels.Length, rows + batch.TotalRows);
            flops += _flops?.Of(batch) ?? 0;
        }

        double norm = GradientNorm.Of(_ops, _optimizer.Parameters) / labels;
        if (!double.IsFinite(norm))
            throw new TrainingDivergedException(Steps + 1, $"the gradient's norm is {norm}", Store.Latest());
        double rate = _schedule.RateAt(Steps);
        _optimizer.Step(_ops, rate, GradientNorm.ClipFactor(norm, _recipe.MaxGradientNorm) / labels, clear: true);
        _average?.Update(_ops);
        (_runningLoss, _runningLabels) = (_runningLoss + loss, _runningLabels + labels);
        return new StepFigures(Steps, loss / labels, norm, rate, rows, flops, (double)correct / labels);
    }

    /// <summary>Dropout of a piece of the present step; null for none.</summary>
    private BatchDropout? Dropout(int piece) => _dropout == DropoutRates.None ? null
        : new BatchDropout(_dropout, new DropoutMask(0, _recipe.Seed).At((ulong)Steps).At((ulong)piece).Key);

    private void LogSteps(RunReport report, StepFigures last)
    {
        var values = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["loss"] = _runningLoss / _runningLabels,
            ["learning_rate"] = last.Rate,
            ["grad_norm"] = last.Norm,
            ["epoch"] = _loader.Epochs,
        };
        if (_teacher is null)
            values["accuracy"] = last.Accuracy;
        // With smoothed labels or a teacher the loss is not the likelihood of the text.
        if (_recipe.LabelSmoothing == 0 && _teacher is null)
            values["perplexity"] = Math.Exp(_runningLoss / _runningLabels);
        (_runningLoss, _runningLabels) = (0, 0);
        Remember(values);
        report.LogSteps(Steps, values);
    }

    private void Remember(SortedDictionary<string, double> values) =>
        _history.Add(new LogEntry(Steps, new Dictionary<string, double>(values)));

    /// <summary>Does something with the averaged weights, if an average is kept.</summary>
    private T Averaged<T>(Func<T> action)
    {
        _average?.Swap(_ops);
        try
        {
            return action();
        }
        finally
        {
            _average?.Swap(_ops);
        }
    }

    /// <summary>
    /// An evaluation that fails takes no steps with it: they are saved, and it comes again when the run goes on.
    /// </summary>
    private TokenScores? ValidateSaving(RunReport report, CancellationToken cancellation)
    {
        try
        {
            return Validate(report, cancellation);
        }
        catch
        {
            if (Steps > 0 && !Store.All().Contains(Path.Combine(_recipe.OutputFolder, CheckpointStore.NameOf(Steps))))
                Save();
            throw;
        }
    }

    private TokenScores? Validate(RunReport report, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        if (Evaluate() is not { } scores)
            return null;
        var values = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["eval_loss"] = scores.Loss,
            ["eval_perplexity"] = scores.Perplexity,
            ["eval_accuracy"] = scores.Accuracy,
        };
        if (scores.Lengths > 0)
            values["eval_length_accuracy"] = scores.LengthAccuracy;
        if (_data.ValidationBytes() is > 0 and var bytes)
            values["eval_bits_per_byte"] = scores.BitsPerByte(bytes);
        try
        {
            Averaged<object?>(() =>
            {
                _evaluation.Generate(Model, _ops, values, cancellation);
                return null;
            });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The figures are not those of a whole evaluation: it comes again when the run goes on.
            return null;
        }

        Remember(values);
        _evaluated = (Steps, scores);
        if (_recipe.Best is { } wanted)
        {
            Best = wanted.After(Best, values[wanted.Metric], Steps);
            Store.Best = Best is null ? null : Path.Combine(_recipe.OutputFolder, Best.Folder);
        }

        report.LogEvaluation(Steps, values, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return scores;
    }

    /// <summary>The machine's multiply-adds, measured once in the life of the program.</summary>
    private static double PeakOf(int threads) => Peaks.GetOrAdd(threads, count => FmaProbe.Measure(count));
}
