namespace Seriatim.Lab;

/// <summary>
/// A claim, what predicts it, how it is measured and by which rule it is judged. One file each; <see cref="LabExperiments"/>
/// has the list.
/// </summary>
internal abstract class Experiment
{
    /// <summary>The name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>A few words: the head of its card.</summary>
    public abstract LabText Title { get; }

    /// <summary>The claim, in one sentence.</summary>
    public abstract LabText Claim { get; }

    /// <summary>Where the claim is from: author, year, title or section.</summary>
    public abstract string Source { get; }

    /// <summary>The formula that predicts, in plain text.</summary>
    public abstract string Formula { get; }

    /// <summary>The rule of the verdict, written before the run: all must hold.</summary>
    public abstract IReadOnlyList<Expectation> Rule { get; }

    /// <summary>Whether <c>-m</c> changes what it runs on.</summary>
    public virtual bool TakesModel => false;

    /// <summary>Measures. What was told to <paramref name="run"/> before an interruption stays.</summary>
    /// <param name="run">Settings, and where figures go.</param>
    /// <exception cref="LabSkipException">It cannot be done here.</exception>
    public abstract Task RunAsync(LabRun run);
}
