using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Seriatim.Lab;

/// <summary>Runs experiments one after the other. What was measured before an interruption is kept.</summary>
internal static class LabRunner
{
    /// <summary>Runs.</summary>
    /// <param name="experiments">Which, in order.</param>
    /// <param name="options">How.</param>
    /// <param name="hub">Where models are found.</param>
    /// <param name="surroundings">Version of the program and what is known of the machine; its limits are measured here.</param>
    /// <param name="listener">Is told how far it is.</param>
    /// <param name="cancellation">Ctrl-C: the report of what there is comes back.</param>
    public static async Task<LabReport> RunAsync(
        IReadOnlyList<Experiment> experiments, LabOptions options, ModelHub hub, LabSurroundings surroundings,
        LabListener listener, CancellationToken cancellation)
    {
        LabMachine machine = Machine(options, surroundings);
        listener.Measured(machine);
        var results = new List<LabResult>();
        foreach (Experiment experiment in experiments)
        {
            if (cancellation.IsCancellationRequested)
                break;
            listener.Doing(experiment, "");
            LabResult result = await RunAsync(experiment, options, machine.Limits, hub,
                words => listener.Doing(experiment, words), cancellation,
                listener.Seen is { } seen ? point => seen(experiment, point) : null);
            results.Add(result);
            listener.Done(experiment, result);
        }

        return new LabReport(surroundings.Version, DateTimeOffset.UtcNow, machine, options.Size, options.Seed, options.Model,
            cancellation.IsCancellationRequested, results);
    }

    /// <summary>Runs one.</summary>
    public static async Task<LabResult> RunAsync(Experiment experiment, LabOptions options, MachineSpeed limits, ModelHub hub,
        Action<string> say, CancellationToken cancellation, Action<LabPoint>? seen = null)
    {
        using var run = new LabRun(options, limits, hub, say, cancellation) { Seen = seen };
        long start = Stopwatch.GetTimestamp();
        LabText? skipped = null;
        bool failed = false;
        try
        {
            // Off the caller's thread: most of an experiment is work, and the terminal must go on.
            await Task.Run(() => experiment.RunAsync(run), CancellationToken.None);
        }
        catch (LabSkipException cannot)
        {
            skipped = cannot.Reason;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // What there is, is judged: a figure that is missing leaves the claim open.
        }
        catch (OutOfMemoryException)
        {
            skipped = new("The machine has too little memory for it.", "本机内存不足。");
        }
        catch (SeriatimException cannot)
        {
            skipped = cannot.Message;
        }
        catch (Exception defect)
        {
            // The others' results must not be lost with it.
            (failed, skipped) = (true, $"This is a defect of Seriatim, please report it: {defect}");
        }

        Verdict verdict = failed ? Verdict.Failed : skipped is null ? Expectation.Judge(experiment.Rule, run.Figures)
            : Verdict.Skipped;
        return new LabResult(experiment.Name, verdict, run.Figures, run.Tables, run.Plot, run.Notes, skipped, run.Model,
            Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static LabMachine Machine(LabOptions options, LabSurroundings surroundings)
    {
        int threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        using var probe = new MachineProbe(threads);
        MachineSpeed limits = MachineSpeed.Max(probe.Measure(), probe.Measure());
        return new LabMachine(surroundings.Processor, Environment.ProcessorCount, threads, surroundings.VectorBits,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, RuntimeInformation.FrameworkDescription, limits);
    }
}
