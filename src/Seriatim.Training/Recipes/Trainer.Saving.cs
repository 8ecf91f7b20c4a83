namespace Seriatim.Training;

/// <summary>What a run leaves in its folder, and how another one goes on from there.</summary>
public sealed partial class Trainer
{
    /// <summary>
    /// Rank 0 writes what one process would, and asks the owners for their moments meanwhile. If it fails it does not come
    /// back to them: whoever started the ranks ends them.
    /// </summary>
    private void Save()
    {
        if (!_group.IsFirst)
        {
            _moments!.Serve();
            return;
        }

        string folder = Store.Save(Snapshot());
        _moments?.Release();
        _options.Saved?.Report(new SavedCheckpoint(Steps, folder));
    }

    /// <summary>Whether the present step has a checkpoint: rank 0 looks, others may see the folder later.</summary>
    private bool IsSaved() => _group.Agree(
        _group.IsFirst && Store.All().Contains(Path.Combine(_recipe.OutputFolder, CheckpointStore.NameOf(Steps))));

    /// <summary>Bytes that all ranks together sent for a step, the mean since the last call.</summary>
    private double SentPerStep()
    {
        if (_group.Size == 1)
            return 0;
        (long bytes, long steps) = _sent;
        _sent = default;
        return (double)_group.Gather(BitConverter.GetBytes(bytes)).Sum(sent => BitConverter.ToInt64(sent)) / Math.Max(1, steps);
    }

    private TrainingSnapshot Snapshot() => new(Model, _optimizer, new TrainerState
    {
        GlobalStep = Steps,
        Epoch = _loader.Epochs,
        Position = _loader.Position,
        Seed = _recipe.Seed,
        Settings = _settings,
        RunningLoss = _runningLoss,
        RunningLabels = _runningLabels,
        Best = Best,
        LogHistory = _history,
    })
    { Average = _average, Files = _files, Moments = _moments?.All };

    private void WriteFinal()
    {
        string place = Path.Combine(_recipe.OutputFolder, "final");
        try
        {
            WriteFinal(new FinalModel(place, _files));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointWriteException(place, Model.WeightBytes, Store.Latest(), error);
        }
    }

    private void WriteFinal(FinalModel final)
    {
        if (_recipe.Best is { LoadAtEnd: true } && Best is { } best && best.Step != Steps)
        {
            string folder = Path.Combine(_recipe.OutputFolder, best.Folder);
            using Model model = RunParts.LoadModel(_recipe, folder, _options.Device);
            using WeightAverage? average = _average is null
                ? null
                : new WeightAverage(_recipe.Selection.Select(model), _average.Decay);
            if (average is not null)
                CheckpointStore.RestoreAverage(folder, average);
            final.Write(model, _ops, average, _recipe.FinalType);
        }
        else
        {
            final.Write(Model, _ops, _average, _recipe.FinalType);
        }
    }

    private void Restore(string checkpoint)
    {
        TrainerState state = TrainerState.Read(checkpoint);
        (long before, long done) = (ResumeSettings.StepsOf(state.Settings), state.GlobalStep);
        long other = ResumeSettings.FirstOtherRate(_recipe, Model.Spec.Last.Width, before, TotalSteps, done);
        if (ResumeSettings.Differences(state.Settings, _settings,
            TotalSteps > before || TotalSteps >= done && other == done) is { Count: > 0 } differences)
        {
            throw new RecipeException($"{checkpoint} was made with other settings, so going on would not equal a run that never "
                + "stopped. Set them back, or train anew into another "
                + $"output_dir.{Environment.NewLine}{string.Join(Environment.NewLine, differences)}");
        }
        CheckpointStore.Restore(checkpoint, _optimizer, _average, _group.Size == 1 ? _optimizer.Moments.Count : null);
        if (TotalSteps != before)
            _notices.Add(ResumeSettings.Notice(before, TotalSteps, done, other));
        _loader.Position = state.Position;
        _history.AddRange(state.LogHistory);
        Best = state.Best;
        Store.Best = Best is null ? null : Path.Combine(_recipe.OutputFolder, Best.Folder);
        (_runningLoss, _runningLabels) = (state.RunningLoss, state.RunningLabels);
    }
}
