using Microsoft.Extensions.Hosting;
using Seriatim.Server;
using Seriatim.Training;
using Seriatim.Web.Texts;
using Seriatim.Web.Work;

namespace Seriatim.Web.Training;

/// <summary>
/// Trains: one run at a time, of all who look, in the server and not in a page, so that it goes on when pages are loaded again.
/// When the server stops, the run ends after its step with a checkpoint, and can go on.
/// </summary>
internal sealed class TrainingWork(SeriatimPageOptions options, ServedModels models, LongWork work) : IHostedService, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TrainingRuns _runs = new(options);
    private readonly CancellationTokenSource _ending = new();
    private List<TrainingRun> _all = [];
    private TrainingRun? _current;
    private Trainer? _trainer;
    private CancellationTokenSource? _stop;
    private IDisposable? _place;
    private Task _running = Task.CompletedTask;

    /// <summary>Something has changed that is to be shown at once.</summary>
    public event Action? Changed;

    /// <summary>All runs, the newest first.</summary>
    public IReadOnlyList<TrainingRun> Runs
    {
        get
        {
            lock (_gate)
                return [.. _all];
        }
    }

    /// <summary>The run that is prepared, ready or under way; null: there is none.</summary>
    public TrainingRun? Current
    {
        get
        {
            lock (_gate)
                return _current;
        }
    }

    /// <summary>
    /// Threads that train: one core is left to those who ask the server meanwhile. Changes no bit of the result.
    /// </summary>
    public static int Threads => Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Recipes that can be followed here.</summary>
    public IReadOnlyList<string> Recipes => _runs.Recipes();

    /// <summary>The run of an id; null: there is none.</summary>
    public TrainingRun? Find(string id) => Runs.FirstOrDefault(run => run.Id == id);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.AllowsTraining)
            return Task.CompletedTask;
        _all = [.. _runs.Read()];

        // What was prepared and never begun is of no use without its trainer.
        foreach (TrainingRun run in _all
            .Where(run => run is { CanResume: false, Record: { State: TrainingState.Stopped } }).ToArray())
            Delete(run);

        // Models of earlier runs are there again.
        foreach (TrainingRun run in _all.AsEnumerable().Reverse())
        {
            if (run is { Record: { State: TrainingState.Done, Model: { } name }, FinalFolder: { } final })
                models.Offer(final, name);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        Stop();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Prepares a run on a text: makes vocabulary and data, and finds out what it takes.</summary>
    /// <exception cref="SeriatimException">It cannot be done, or something else is being done.</exception>
    public Task<TrainingRun> PrepareAsync(TrainingPlan plan, string text) => PrepareAsync(() =>
    {
        TrainingRun run = _runs.Create(new TrainingRecord
        {
            Title = plan.Title,
            Created = DateTimeOffset.UtcNow,
            Prompt = plan.Prompt.Length > 0 ? plan.Prompt : TrainingText.BeginningOf(text),
        });
        TrainingRuns.Write(run, plan, text);
        return run;
    }, resumes: false);

    /// <summary>Prepares a run of one of the server's recipes.</summary>
    /// <exception cref="SeriatimException">It cannot be done, or something else is being done.</exception>
    public Task<TrainingRun> PrepareAsync(string recipe, string title, string prompt) =>
        PrepareAsync(() => _runs.Create(new TrainingRecord
        {
            Title = title,
            Created = DateTimeOffset.UtcNow,
            Recipe = recipe,
            Prompt = prompt,
        }), resumes: false);

    /// <summary>Goes on with a run from its newest checkpoint.</summary>
    /// <exception cref="SeriatimException">It cannot be done, or something else is being done.</exception>
    public async Task ResumeAsync(TrainingRun run)
    {
        await PrepareAsync(() => run, resumes: true).ConfigureAwait(false);
        Start();
    }

    /// <summary>Starts the run that is ready.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_current is not { Record.State: TrainingState.Ready } run || _trainer is not { } trainer)
                return;
            _stop = new CancellationTokenSource();
            CancellationToken stop = _stop.Token;
            Note(run, TrainingState.Running);
            _running = Task.Factory.StartNew(() => Train(run, trainer, stop), CancellationToken.None,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Changed?.Invoke();
    }

    /// <summary>Ends the run after its step, with a checkpoint.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_current is { Record.State: TrainingState.Running } run)
                Note(run, TrainingState.Stopping);
            _stop?.Cancel();
        }

        Changed?.Invoke();
    }

    /// <summary>Gives up the run that is ready and was never started.</summary>
    public void Discard()
    {
        TrainingRun run;
        lock (_gate)
        {
            if (_current is not { Record.State: TrainingState.Ready } ready)
                return;
            run = ready;
            Leave();
        }

        Delete(run);
    }

    /// <summary>Deletes a run that is not under way.</summary>
    public void Delete(TrainingRun run)
    {
        lock (_gate)
        {
            if (run == _current)
                return;
            _all.Remove(run);
        }

        try
        {
            Directory.Delete(run.Folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What is left of it is read again at the next start, and can be deleted then.
        }

        Changed?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer?.Dispose();
        _stop?.Dispose();
        _place?.Dispose();
        _ending.Dispose();
    }

    private async Task<TrainingRun> PrepareAsync(Func<TrainingRun> make, bool resumes)
    {
        if (!options.AllowsTraining)
            throw new SaidException(WorkTexts.NotAllowed);
        IDisposable place = work.Begin(WorkTexts.Training);
        TrainingRun? run = null;
        try
        {
            run = make();
            lock (_gate)
            {
                (_current, _place) = (run, place);
                _all.Remove(run);
                _all.Insert(0, run);
            }

            run.Change(record => record with { State = TrainingState.Preparing, Failure = null });
            Changed?.Invoke();
            Trainer trainer = await Task.Run(() => Open(run, resumes)).ConfigureAwait(false);
            lock (_gate)
                _trainer = trainer;
            Note(run, TrainingState.Ready);
            Changed?.Invoke();
            return run;
        }
        catch (Exception failure)
        {
            lock (_gate)
                Leave();
            place.Dispose();
            if (run is not null)
                GiveUp(run, failure, resumes);
            if (failure is IOException or UnauthorizedAccessException)
                throw new SaidException(TrainingTexts.NotWritten, failure.Message);
            if (failure is OutOfMemoryException)
                throw new SaidException(TrainingTexts.NoMemory, Numbers.Bytes(MachineMemory.Measure().Total));
            throw;
        }
    }

    /// <summary>A run that could not be prepared leaves nothing, unless it had checkpoints.</summary>
    private void GiveUp(TrainingRun run, Exception failure, bool resumes)
    {
        if (resumes)
            Fail(run, failure);
        else
            Delete(run);
    }

    private Trainer Open(TrainingRun run, bool resumes)
    {
        TrainingRecipe recipe = _runs.RecipeOf(run);
        MachineMemory machine = MachineMemory.Measure();
        if (!machine.HoldsWeights(recipe))
            throw new SaidException(TrainingTexts.NoMemory, Numbers.Bytes(machine.Total));
        var trainer = new Trainer(recipe, new TrainingOptions
        {
            Threads = Threads,
            Resume = resumes,
            Generate = TrainingGenerator.Generate,
            Progress = new Told<LogEntry>(run.Add),
            StepProgress = new Told<TrainingProgress>(progress => run.Progress = progress),
            Saved = new Told<SavedCheckpoint>(saved => Try(run, recipe, saved)),
        }, _ending.Token);
        try
        {
            if (trainer.Memory.Total > machine.Total)
                throw new SaidException(TrainingTexts.TooLarge, Numbers.Bytes(trainer.Memory.Total),
                    Numbers.Bytes(machine.Total));
            (run.Memory, run.Seconds, run.Parameters, run.Notices) =
                (trainer.Memory, trainer.EstimateSeconds(), trainer.Model.ParameterCount, trainer.Notices);
            run.Begin(trainer.History);
            run.Change(record => record with { Steps = trainer.Steps, TotalSteps = trainer.TotalSteps });
            return trainer;
        }
        catch
        {
            trainer.Dispose();
            throw;
        }
    }

    private void Train(TrainingRun run, Trainer trainer, CancellationToken stop)
    {
        try
        {
            TrainerResult result = trainer.Run(stop);
            run.Note(record => record with
            {
                Steps = result.Steps,
                State = result.Cancelled ? TrainingState.Stopped : TrainingState.Done,
            });
            if (!result.Cancelled && run.FinalFolder is { } final)
                Offer(run, final);
        }
        catch (Exception failure)
        {
            Fail(run, failure);
        }

        run.Progress = null;
        lock (_gate)
            Leave();
        Changed?.Invoke();
    }

    /// <summary>Serves the finished model under its title, or as near to that as names of models go.</summary>
    private void Offer(TrainingRun run, string final)
    {
        string name = NameFor(run.Record.Title);
        string free = name;
        for (int i = 2; !models.Offer(final, free); i++)
            free = $"{name}-{i}";
        run.Note(record => record with { Model = free });
    }

    /// <summary>A name that can stand in requests and addresses.</summary>
    internal static string NameFor(string title)
    {
        string name = string.Concat(title.Trim().Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'))
            .Trim('-', '.');
        return name.Length > 0 ? name : "trained";
    }

    /// <summary>Has the model of a checkpoint write something: at once, while the run waits for it.</summary>
    private void Try(TrainingRun run, TrainingRecipe recipe, SavedCheckpoint saved)
    {
        run.Note(record => record with { Steps = saved.Step });
        if (recipe.Objective != ObjectiveKind.NextToken)
            return;
        string prompt = run.Record.Prompt;
        string text;
        try
        {
            text = TrainingSampler.WriteAsync(saved.Folder, prompt).GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is SeriatimException or IOException
            or InvalidOperationException or ArgumentException)
        {
            text = $"({failure.Message})";
        }

        run.Add(new TrainingSample(saved.Step, prompt, text));
        Changed?.Invoke();
    }

    private static void Fail(TrainingRun run, Exception failure)
    {
        string message = failure is OutOfMemoryException
            ? "The machine has too little memory for it. Choose a smaller size." : failure.Message;
        run.Note(record => record with { State = TrainingState.Failed, Failure = message });
    }

    private static void Note(TrainingRun run, TrainingState state) => run.Note(record => record with { State = state });

    /// <summary>Nothing is under way any more.</summary>
    private void Leave()
    {
        _trainer?.Dispose();
        _stop?.Dispose();
        _place?.Dispose();
        (_trainer, _stop, _place, _current) = (null, null, null, null);
    }

    /// <summary>Hears something where it happens: on the thread that trains.</summary>
    private sealed class Told<T>(Action<T> hear) : IProgress<T>
    {
        public void Report(T value) => hear(value);
    }
}
