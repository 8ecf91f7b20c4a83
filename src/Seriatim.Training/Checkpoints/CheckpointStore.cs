using System.Globalization;

namespace Seriatim.Training;

/// <summary>
/// The checkpoints of a run: folders <c>checkpoint-STEP</c> in the Hugging Face layout (config.json, model.safetensors and what
/// <see cref="TrainingSnapshot.Files"/> holds) with <c>training_state.safetensors</c> and <c>trainer_state.json</c>.
/// </summary>
/// <remarks>
/// A checkpoint is written into a temporary folder, flushed file by file, and renamed: a folder of that name is always whole,
/// whatever stops the program in between. What an interrupted save left behind is removed by the next.
/// </remarks>
/// <param name="folder">The folder of the run; made if it does not exist.</param>
/// <param name="totalLimit">
/// Most checkpoints kept: the newest, and <see cref="Best"/> even where that is one more; 0: all.
/// </param>
public sealed class CheckpointStore(string folder, int totalLimit = 0)
{
    /// <summary>Name of the file with the optimizer's moments and the average of the weights.</summary>
    public const string StateFileName = "training_state.safetensors";

    private const string Prefix = "checkpoint-", Temporary = ".tmp-";

    /// <summary>A checkpoint that the limit does not remove; null: none.</summary>
    public string? Best { get; set; }

    /// <summary>Called before every step of a save, so that tests can make it fail.</summary>
    internal Action<string>? BeforeWrite { get; set; }

    /// <summary>All whole checkpoints, oldest first.</summary>
    public IReadOnlyList<string> All() => !Directory.Exists(folder) ? [] :
    [
        .. Directory.GetDirectories(folder, Prefix + "*").Select(path => (Path: path, Step: StepOf(path)))
            .Where(found => found.Step >= 0).OrderBy(found => found.Step).Select(found => found.Path),
    ];

    /// <summary>The newest checkpoint; null if there is none.</summary>
    public string? Latest() => All().LastOrDefault();

    /// <summary>Writes a checkpoint and removes those over the limit.</summary>
    /// <param name="snapshot">What to keep.</param>
    /// <returns>Its folder.</returns>
    /// <exception cref="CheckpointWriteException">
    /// The disk is full or cannot be written; older checkpoints are as they were.
    /// </exception>
    /// <exception cref="IOException">The checkpoint exists already.</exception>
    public string Save(TrainingSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        string name = NameOf(snapshot.State.GlobalStep), final = Path.Combine(folder, name);
        if (Directory.Exists(final))
            throw new IOException($"{final} exists already; a checkpoint is never written over.");
        try
        {
            return Save(snapshot, name, final);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            long needed = snapshot.Model.WeightBytes + (snapshot.Average?.Values ?? []).Concat(snapshot.Optimizer.Moments)
                .Sum(m => m.Values.Bytes);
            throw new CheckpointWriteException(final, needed, Latest(), error);
        }
    }

    private string Save(TrainingSnapshot snapshot, string name, string final)
    {
        string temporary = Path.Combine(folder, Temporary + name);
        Directory.CreateDirectory(folder);
        foreach (string left in Directory.GetDirectories(folder, Temporary + "*"))
            Directory.Delete(left, recursive: true);
        Announce("folder");
        Directory.CreateDirectory(temporary);
        Announce("model");
        CheckpointWriter.Write(snapshot.Model, temporary);
        WriteMoments(snapshot, Path.Combine(temporary, StateFileName));
        foreach ((string file, ReadOnlyMemory<byte> bytes) in snapshot.Files)
            WriteFile(Path.Combine(temporary, file), bytes.Span);
        WriteFile(Path.Combine(temporary, TrainerState.FileName), snapshot.State.ToJson());
        Flush(temporary);
        PutInPlace(temporary, final);
        if (totalLimit > 0)
        {
            foreach (string old in Outdated())
                Remove(old);
        }

        return final;
    }

    /// <summary>Gives the moments, the average and the step of a checkpoint to an optimizer.</summary>
    /// <param name="checkpoint">Its folder.</param>
    /// <param name="optimizer">Over the parameters of the model loaded from the same folder.</param>
    /// <param name="average">The average, if the run keeps one.</param>
    /// <returns>The rest of the state.</returns>
    /// <exception cref="ModelFormatException">A file is missing or damaged, or belongs to another model or optimizer.</exception>
    public static TrainerState Restore(string checkpoint, Optimizer optimizer, WeightAverage? average = null) =>
        Restore(checkpoint, optimizer, average, optimizer?.Moments.Count ?? 0);

    /// <summary>The same; for an optimizer that has only some of the parameters the number of moments is not given.</summary>
    internal static TrainerState Restore(string checkpoint, Optimizer optimizer, WeightAverage? average, int? moments)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        TrainerState state = TrainerState.Read(checkpoint);
        string path = Path.Combine(checkpoint, StateFileName);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        OptimizerMoment[] wanted = [.. optimizer.Moments, .. average?.Values ?? []];
        if (moments is { } count)
            CheckMoments(file, count + (average?.Values.Count ?? 0));
        foreach (OptimizerMoment moment in wanted)
            Fill(file, moment);
        optimizer.Steps = state.GlobalStep;
        return state;
    }

    /// <summary>Refuses a file that has other moments than a run keeps.</summary>
    /// <exception cref="ModelFormatException">There are more or fewer.</exception>
    internal static void CheckMoments(SafetensorsFile file, int kept)
    {
        if (file.Entries.Count == kept)
            return;
        throw new ModelFormatException(file.Path, $"has {file.Entries.Count} moments; this run keeps {kept}.",
            "Resume with the recipe (optim, freeze, ema_decay) the checkpoint was made with.");
    }

    /// <summary>Gives the average of the weights of a checkpoint to one of the same model.</summary>
    /// <param name="checkpoint">Its folder.</param>
    /// <param name="average">Over the parameters of a model of the same shape.</param>
    /// <exception cref="ModelFormatException">A file is missing or damaged, or holds no such average.</exception>
    public static void RestoreAverage(string checkpoint, WeightAverage average)
    {
        ArgumentNullException.ThrowIfNull(average);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(checkpoint, StateFileName));
        foreach (OptimizerMoment moment in average.Values)
            Fill(file, moment);
    }

    /// <summary>Waits until all files of a folder are on the disk.</summary>
    internal static void Flush(string folder)
    {
        foreach (string file in Directory.GetFiles(folder))
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite);
            stream.Flush(flushToDisk: true);
        }
    }

    internal static string NameOf(long step) => Prefix + step.ToString(CultureInfo.InvariantCulture);

    private static void Fill(SafetensorsFile file, OptimizerMoment moment)
    {
        SafetensorsEntry entry = file[moment.Name];
        if (entry.ElementCount != (long)moment.Rows * moment.Columns)
        {
            throw new ModelFormatException(file.Path, $"{entry} does not fit {moment.Parameter}.",
                "It belongs to another model.");
        }
        moment.FromRows(file.ReadF32(entry));
    }

    /// <summary>Those over the limit: the newest stay, and the best takes the place of the oldest of them.</summary>
    private IEnumerable<string> Outdated()
    {
        IReadOnlyList<string> all = All();
        bool bestIsOld = Best is not null && all.SkipLast(totalLimit).Contains(Best);
        return all.SkipLast(bestIsOld ? Math.Max(1, totalLimit - 1) : totalLimit).Where(path => path != Best);
    }

    private static long StepOf(string path) =>
        long.TryParse(Path.GetFileName(path).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
            out long step) ? step : -1;


    private void WriteMoments(TrainingSnapshot snapshot, string path)
    {
        MomentRows[] moments =
        [
            .. snapshot.Moments ?? [.. snapshot.Optimizer.Moments.Select(MomentRows.Of)],
            .. (snapshot.Average?.Values ?? []).Select(MomentRows.Of),
        ];
        using SafetensorsWriter writer = SafetensorsWriter.Create(path, moments.Select(m =>
            new SafetensorsTensorSpec(m.Name, SafetensorsType.F32, [m.Rows, m.Columns])));
        foreach (MomentRows moment in moments)
        {
            Announce(moment.Name);
            writer.AppendF32(moment.Name, moment.Read());
        }

        writer.Complete();
    }

    private void WriteFile(string path, ReadOnlySpan<byte> bytes)
    {
        Announce(path);
        File.WriteAllBytes(path, bytes);
    }

    private void PutInPlace(string temporary, string final)
    {
        Announce("rename");
        Directory.Move(temporary, final);
    }

    private void Remove(string checkpoint)
    {
        // Renamed first, so that what is half removed does not look like a checkpoint.
        Announce("remove");
        string gone = Path.Combine(folder, Temporary + Path.GetFileName(checkpoint));
        Directory.Move(checkpoint, gone);
        Announce("remove the files");
        Directory.Delete(gone, recursive: true);
    }

    private void Announce(string what) => BeforeWrite?.Invoke(what);
}
