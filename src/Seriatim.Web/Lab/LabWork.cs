using System.Reflection;
using Microsoft.Extensions.Hosting;
using Seriatim.Lab;
using Seriatim.Server;
using Seriatim.Web.Texts;
using Seriatim.Web.Work;

namespace Seriatim.Web.Lab;

/// <summary>
/// Runs the lab: one run at a time, of all who look, in the server and not in a page. What was measured is kept as a report,
/// also when the run is stopped, or the server.
/// </summary>
internal sealed class LabWork(SeriatimPageOptions options, ServedModels models, LongWork work) : IHostedService
{
    private readonly Lock _gate = new();
    private readonly List<(Experiment Experiment, LabResult Result)> _results = [];
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    /// <summary>Something has changed that is to be shown at once.</summary>
    public event Action? Changed;

    /// <summary>The reports that are kept.</summary>
    public LabReports Reports { get; } = new(options);

    /// <summary>The experiments of the run under way, or of the last one.</summary>
    public IReadOnlyList<Experiment> Chosen { get; private set; } = [];

    /// <summary>Whether a run is under way.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Whether it is to end.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>The experiment under way; null: the machine itself is measured, or nothing.</summary>
    public Experiment? Now { get; private set; }

    /// <summary>What it does, in its own words.</summary>
    public string Doing { get; private set; } = "";

    /// <summary>What it sees on its way.</summary>
    public LabCurves Curves { get; } = new();

    /// <summary>Why the last run ended badly; null: it did not.</summary>
    public SaidException? Failure { get; private set; }

    /// <summary>Results of the run under way, or of the last one.</summary>
    public IReadOnlyList<(Experiment Experiment, LabResult Result)> Results
    {
        get
        {
            lock (_gate)
                return [.. _results];
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Stop();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Starts a run.</summary>
    /// <param name="experiments">Which, in order.</param>
    /// <param name="size">How thoroughly.</param>
    /// <param name="model">A model of the server, for those that take one; null: their own.</param>
    /// <param name="seed">Of everything random.</param>
    /// <exception cref="SaidException">It is not allowed, or something else is being done.</exception>
    public void Start(IReadOnlyList<Experiment> experiments, LabSize size, string? model, ulong seed)
    {
        if (!options.AllowsTraining)
            throw new SaidException(WorkTexts.NotAllowed);
        if (experiments.Count == 0)
            throw new SaidException(LabTexts.Nothing);

        // A name of the server's models, and nothing else that could be opened.
        string? source = model is null ? null : models.SourceOf(model);
        IDisposable place = work.Begin(WorkTexts.Lab);
        lock (_gate)
        {
            _results.Clear();
            _stop = new CancellationTokenSource();
            (Chosen, Now, Doing, Failure, IsRunning, IsStopping) = (experiments, null, "", null, true, false);
        }

        Curves.Clear();
        var wishes = new LabOptions(size, source, 0, seed);
        CancellationToken stop = _stop.Token;
        _running = Task.Run(() => RunAsync(experiments, wishes, place, stop), CancellationToken.None);
        Changed?.Invoke();
    }

    /// <summary>Ends the run as soon as it can, and keeps what there is.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            IsStopping = IsRunning;
            _stop?.Cancel();
        }

        Changed?.Invoke();
    }

    private async Task RunAsync(
        IReadOnlyList<Experiment> experiments, LabOptions wishes, IDisposable place, CancellationToken stop)
    {
        string version = typeof(LabWork).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "0";
        var listener = new LabListener(_ => Changed?.Invoke(), Hear, Take) { Seen = (_, point) => Curves.Add(point) };
        try
        {
            LabReport report = await LabRunner
                .RunAsync(experiments, wishes, new ModelHub(), LabSurroundings.Of(version), listener, stop)
                .ConfigureAwait(false);
            if (report.Results.Count > 0)
                Reports.Keep(report);
        }
        catch (SaidException failure)
        {
            Failure = failure;
        }
        catch (Exception failure)
        {
            // A probe that gets no memory, say: the page goes on, and says it.
            Failure = new SaidException(LabTexts.Broke, failure.Message);
        }

        lock (_gate)
        {
            _stop!.Dispose();
            (_stop, IsRunning, IsStopping, Now, Doing) = (null, false, false, null, "");
        }

        place.Dispose();
        Changed?.Invoke();
    }

    private void Hear(Experiment experiment, string words)
    {
        if (Now != experiment)
            Curves.Clear();
        bool isNew = Now != experiment;
        (Now, Doing) = (experiment, words);
        if (isNew)
            Changed?.Invoke();
    }

    private void Take(Experiment experiment, LabResult result)
    {
        lock (_gate)
            _results.Add((experiment, result));
        Changed?.Invoke();
    }
}
