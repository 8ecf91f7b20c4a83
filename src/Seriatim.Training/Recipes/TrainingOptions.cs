namespace Seriatim.Training;

/// <summary>What a run needs besides its recipe; none of it changes a bit of the result.</summary>
public sealed record TrainingOptions
{
    /// <summary>Threads; 0: as many as the machine has.</summary>
    public int Threads { get; init; }

    /// <summary>Whose memory the model is in, and so whose ops train it.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>Go on from the newest checkpoint of the output folder, if there is one.</summary>
    public bool Resume { get; init; }

    /// <summary>The processes that train together; as a rule one alone.</summary>
    public ProcessGroup Group { get; init; } = ProcessGroup.Alone;

    /// <summary>
    /// Generates texts for evaluations with <c>predict_with_generate</c>: this project knows no decoding, the caller brings it
    /// (the package Seriatim has <c>TrainingGenerator.Generate</c>).
    /// </summary>
    public Func<GenerationTask, CancellationToken, IReadOnlyList<string>>? Generate { get; init; }

    /// <summary>Told every log entry.</summary>
    public IProgress<LogEntry>? Progress { get; init; }

    /// <summary>Told after every step where the run stands: speed, time left, recent losses.</summary>
    public IProgress<TrainingProgress>? StepProgress { get; init; }

    /// <summary>
    /// Told every checkpoint, on the run's own thread: it goes on when the call returns, so that the model can be tried at once.
    /// </summary>
    public IProgress<SavedCheckpoint>? Saved { get; init; }
}
