using System.Collections.Concurrent;
using System.Diagnostics;

namespace Seriatim.Training;

/// <summary>
/// The training loop of a recipe: batches, loss, gradient, clipping, optimizer, log, validation, checkpoints. Every piece can be
/// used alone.
/// </summary>
/// <remarks>
/// The same recipe and data give the same bits for any number of threads and of processes (<see cref="TrainingOptions.Group"/>),
/// and a run that was stopped and resumed gives those of one that never stopped.
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
    private readonly ProcessGroup _group;
    private readonly ParameterShards _shards;
    private readonly GradientSum? _sum;
    private readonly ShardedMoments? _moments;
    private (long Step, TokenScores Scores)? _evaluated;
    private (long Bytes, long Steps) _sent;
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
    /// <exception cref="ProcessGroupException">A rank cannot start, or is about to do something else than the others.</exception>
    public Trainer(TrainingRecipe recipe, TrainingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        (_recipe, _options) = (recipe, options ?? new TrainingOptions());
        _group = _options.Group;
        var start = new GroupStart(_group);
        Store = new CheckpointStore(recipe.OutputFolder, recipe.SaveTotalLimit);
        try
        {
            start.AwaitTurn();
            string? checkpoint = Store.Latest();
            if (checkpoint is not null && !_options.Resume)
            {
                throw new RecipeException(
                    $"{recipe.OutputFolder} has checkpoints already. Resume, or choose another output_dir.");
            }
            RunParts.CheckGroup(recipe, _group);
            byte[] definition = ReadTokenizer(cancellation);
            Tokenizer = Tokenizer.Load(recipe.Tokenizer);
            Model = RunParts.LoadModel(recipe, checkpoint, _options.Device, _notices.Add);
            RunParts.CheckModel(recipe, Model, Tokenizer);
            _objective = ObjectiveFactory.Make(recipe, Model, Tokenizer);
            _data = new TrainingSet(recipe, _objective, Tokenizer, definition, Model.Spec.Context, cancellation);
            start.PassTurn();
            RunParts.CheckObjective(recipe);
            _loader = _data.NewLoader();
            _evaluation = new Evaluation(recipe, _data, _objective, Tokenizer, _options);
            _evaluation.Check(Model);
            IReadOnlyList<TrainableParameter> trained = recipe.Selection.Select(Model);
            if (recipe.KeepsMasters)
                RunParts.KeepMasters(Model);
            _shards = new ParameterShards(_group, trained);
            _sum = recipe.AccumulationSteps > 1 ? new GradientSum(_group, _shards, recipe.AccumulationSteps) : null;
            _optimizer = RunParts.NewOptimizer(recipe, _shards.Own);
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
                _notices.Add(RunParts.RefuseOrNoteBatchNorms(_group));
            if (checkpoint is not null)
                Restore(checkpoint);
            _ops = _options.Device.NewOps(_options.Threads);
            start.Agree(_group.Size > 1 ? StartFacts.Of(recipe, _settings, Model, checkpoint) : _settings);
            if (_group.Size > 1)
                _moments = new ShardedMoments(_group, _shards, _optimizer, checkpoint, _average);
        }
        catch (Exception error)
        {
            Release();
            if (start.Fail(error) is var failure && failure == error)
                throw;
            throw failure;
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
        MemoryEstimate.Of(Model, _optimizer, _average, RunParts.LargestBatch(_recipe, _data, _objective)) with
        {
            Gradients = _shards.All.Sum(p => p.Parameter.Master.Bytes) + (_sum?.Bytes ?? 0),
        };

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
        return (TotalSteps - Steps) * 6 * matrices * rows / (PeakOf(_options.Threads) * _group.Size / 2);
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
        using RunReport? report = _group.IsFirst ? NewReport() : null;
        if (IsEvaluationDue)
            ValidateSaving(report, cancellation); // the run was stopped in the middle of it
        // Who is told to stop tells the others: all stop after the same step.
        while (!Finished && !_group.Any(cancellation.IsCancellationRequested))
        {
            long start = Stopwatch.GetTimestamp();
            long sent = _group.SentBytes;
            StepFigures figures = Step();
            _sent = (_sent.Bytes + _group.SentBytes - sent, _sent.Steps + 1);
            report?.Step(figures, Stopwatch.GetElapsedTime(start).TotalSeconds);
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

    /// <inheritdoc/>
    public void Dispose() => Release();

    /// <summary>Gives back what there is: after a failed start that is not all.</summary>
    private void Release()
    {
        _teacher?.Dispose();
        _average?.Dispose();
        _sum?.Dispose();
        _optimizer?.Dispose();
        _data?.Dispose();
        _ops?.Dispose();
        Model?.Dispose();
    }

    /// <summary>Reads the tokenizer's files, after training it if there is none; gives the bytes that define it.</summary>
    private byte[] ReadTokenizer(CancellationToken cancellation)
    {
        if (_recipe.TrainTokenizer is { } vocabulary && !File.Exists(_recipe.Tokenizer))
        {
            vocabulary.Train(_recipe.TrainFiles.Select(f => f.File), _recipe.Tokenizer, new BadLines(_recipe.MaxBadLines),
                cancellation);
        }
        _files["tokenizer.json"] = File.ReadAllBytes(_recipe.Tokenizer);
        string config = Path.Combine(Path.GetDirectoryName(_recipe.Tokenizer)!, "tokenizer_config.json");
        if (File.Exists(config))
            _files["tokenizer_config.json"] = File.ReadAllBytes(config);
        return [.. _files.Values.SelectMany(file => file.ToArray())];
    }

    private TrainerResult End(RunReport? report, CancellationToken cancellation)
    {
        bool finished = Finished;
        TokenScores? scores = !finished ? null
            : _evaluated is { } last && last.Step == Steps ? last.Scores
            : HasEvaluation ? Evaluate() : ValidateSaving(report, cancellation);
        // A cancelled evaluation leaves the run unfinished: its figures are made when it goes on.
        finished &= scores is not null || _data.Validation.Count == 0;
        string checkpoint = Path.Combine(_recipe.OutputFolder, CheckpointStore.NameOf(Steps));
        if (!IsSaved())
            Save();
        if (finished && _group.IsFirst)
            WriteFinal();
        report?.WritePage();
        _group.Barrier();
        return new TrainerResult(Steps, !finished, checkpoint, scores)
        {
            Best = Best,
            StoppedEarly = finished && Steps < TotalSteps,
        };
    }

    private RunReport NewReport()
    {
        Directory.CreateDirectory(_recipe.OutputFolder);
        return new RunReport(_recipe.OutputFolder, RunSettings.Of(_recipe, Model, Memory, _options.Threads, _group),
            _options, Steps, TotalSteps, PeakOf(_options.Threads) * _group.Size);
    }

    private bool Finished => Steps >= TotalSteps || _recipe.Best is { Patience: > 0 } best && Best?.Since >= best.Patience;

    private void LogSteps(RunReport? report, StepFigures last)
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
        double sent = SentPerStep();
        report?.LogSteps(Steps, values, sent);
    }

    private void Remember(SortedDictionary<string, double> values) =>
        _history.Add(new LogEntry(Steps, new Dictionary<string, double>(values)));

    /// <summary>The machine's multiply-adds, measured once in the life of the program.</summary>
    private static double PeakOf(int threads) => Peaks.GetOrAdd(threads, count => FmaProbe.Measure(count));
}
