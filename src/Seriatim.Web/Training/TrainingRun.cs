using System.Text.Json;
using Seriatim.Training;

namespace Seriatim.Web.Training;

/// <summary>
/// A run: a folder with a name of our own, the record in it, and what is known while it trains. Written by the thread that
/// trains, read by all who look.
/// </summary>
internal sealed class TrainingRun
{
    private const string RecordName = "run.json";
    private const int MostSamples = 60;

    private readonly Lock _gate = new();
    private readonly List<LogEntry> _entries = [];
    private TrainingRecord _record;

    public TrainingRun(string folder, TrainingRecord record) => (Folder, _record) = (folder, record);

    /// <summary>Its folder; what users type is never part of it.</summary>
    public string Folder { get; }

    /// <summary>The name of the folder.</summary>
    public string Id => Path.GetFileName(Folder);

    /// <summary>What is kept of it.</summary>
    public TrainingRecord Record
    {
        get
        {
            lock (_gate)
                return _record;
        }
    }

    /// <summary>The figures that were logged.</summary>
    public IReadOnlyList<LogEntry> Entries
    {
        get
        {
            lock (_gate)
                return [.. _entries];
        }
    }

    /// <summary>Where it stands; null: it does not train.</summary>
    public TrainingProgress? Progress { get; set; }

    /// <summary>What it needs; null: it was not prepared since the server started.</summary>
    public MemoryEstimate? Memory { get; set; }

    /// <summary>About how many seconds it takes; null: not known.</summary>
    public double? Seconds { get; set; }

    /// <summary>Trained values of the model.</summary>
    public long Parameters { get; set; }

    /// <summary>What there is to say of it, in the words of the trainer.</summary>
    public IReadOnlyList<string> Notices { get; set; } = [];

    /// <summary>Whether it is under way.</summary>
    public bool IsBusy => Record.State is TrainingState.Preparing or TrainingState.Running or TrainingState.Stopping;

    /// <summary>Whether it could go on.</summary>
    public bool CanResume => Record.State is TrainingState.Stopped or TrainingState.Failed
        && new CheckpointStore(Folder).Latest() is not null;

    /// <summary>Whether there is a page of its curves.</summary>
    public bool HasReport => File.Exists(ReportPath);

    /// <summary>The page of its curves.</summary>
    public string ReportPath => Path.Combine(Folder, "training.html");

    /// <summary>The finished model; null: there is none.</summary>
    public string? FinalFolder => Path.Combine(Folder, "final") is var final && Directory.Exists(final) ? final : null;

    /// <summary>Reads a run from its folder; null: there is none in it.</summary>
    public static TrainingRun? Read(string folder)
    {
        try
        {
            TrainingRecord? record = JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(folder, RecordName)),
                TrainingJson.Default.TrainingRecord);
            if (record is null)
                return null;

            // Who was under way when the program ended is no more.
            if (record.State is not (TrainingState.Done or TrainingState.Failed))
                record = record with { State = TrainingState.Stopped };
            var run = new TrainingRun(folder, record);
            string log = Path.Combine(folder, "metrics.jsonl");
            if (File.Exists(log))
                run._entries.AddRange(MetricsLog.Read(log));
            return run;
        }
        catch (Exception damaged) when (damaged is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Changes the record, in memory and on the disk.</summary>
    /// <exception cref="IOException">It cannot be written; it is changed in memory all the same.</exception>
    public void Change(Func<TrainingRecord, TrainingRecord> change)
    {
        lock (_gate)
        {
            _record = change(_record);
            Seriatim.Training.TrainingPage.Write(Path.Combine(Folder, RecordName),
                JsonSerializer.Serialize(_record, TrainingJson.Default.TrainingRecord));
        }
    }

    /// <summary>
    /// As <see cref="Change"/>, where a full disk must not end what is under way: it is then told in memory alone, and by the
    /// checkpoint that cannot be written either.
    /// </summary>
    public void Note(Func<TrainingRecord, TrainingRecord> change)
    {
        try
        {
            Change(change);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // In memory it is changed.
        }
    }

    /// <summary>Forgets figures, in order to take those of a checkpoint.</summary>
    public void Begin(IEnumerable<LogEntry> history)
    {
        lock (_gate)
        {
            _entries.Clear();
            _entries.AddRange(history);
        }
    }

    /// <summary>Adds a log entry.</summary>
    public void Add(LogEntry entry)
    {
        lock (_gate)
            _entries.Add(entry);
    }

    /// <summary>Adds a sample; those of long ago make room, but for the first.</summary>
    public void Add(TrainingSample sample) => Note(record =>
    {
        List<TrainingSample> samples = [.. record.Samples.Where(old => old.Step != sample.Step), sample];
        if (samples.Count > MostSamples)
            samples.RemoveAt(1);
        return record with { Samples = samples };
    });
}
