namespace Seriatim.Training;

/// <summary>What a model learns: turns examples into rows and labels. The same examples give the same rows.</summary>
public abstract class Objective
{
    /// <summary>The kind of model it is for.</summary>
    public abstract ModelTask Task { get; }

    /// <summary>Ids that neighbouring pieces of a split text share.</summary>
    public virtual int Overlap => 0;

    /// <summary>Whether examples are pairs.</summary>
    public virtual bool NeedsTargets => false;

    /// <summary>Whether it puts a frame of special ids around every piece, so that texts are cached without.</summary>
    public virtual bool FramesPieces => false;

    /// <summary>The longest source that fits a context, less <see cref="Overlap"/>.</summary>
    /// <param name="context">Positions of the model.</param>
    public virtual int LongestSource(int context) => context;

    /// <summary>The longest target that fits a context.</summary>
    /// <param name="context">Positions of the model.</param>
    public virtual int LongestTarget(int context) => context;

    /// <summary>Rows that an example takes in a batch, encoder and decoder together; an upper bound where it is random.</summary>
    /// <param name="piece">The example.</param>
    public abstract int RowsOf(ExamplePiece piece);

    /// <summary>Makes the batch of some examples.</summary>
    /// <param name="examples">At least one.</param>
    public abstract TrainingBatch Make(IReadOnlyList<ExamplePiece> examples);

    /// <summary>Checks that a model is of the right kind.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="ArgumentException">It is not; the message names both kinds.</exception>
    public void Check(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Spec.Task != Task)
        {
            throw new ArgumentException(
                $"{GetType().Name} trains models for {Task}; this {model.Spec.Family} model is for {model.Spec.Task}.");
        }
    }
}
