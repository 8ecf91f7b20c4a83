namespace Seriatim.Models;

/// <summary>Where the parameters of a model come from: a checkpoint, or a random start.</summary>
public interface IWeightSource
{
    /// <summary>Makes the parameter and fills it.</summary>
    /// <exception cref="CheckpointMismatchException">The checkpoint does not have it, or in another shape.</exception>
    Parameter Make(ParameterRequest request);

    /// <summary>Makes a matrix in quantised blocks if that is how this source has it, else returns null.</summary>
    /// <exception cref="CheckpointMismatchException">The checkpoint has it in another shape.</exception>
    QuantizedMatrix? MakeQuantized(ParameterRequest request);

    /// <summary>Called once at the end.</summary>
    /// <param name="names">The table with the tensors that may be left unread.</param>
    /// <exception cref="CheckpointMismatchException">Tensors were neither read nor waived; the message lists all of
    /// them.</exception>
    void Complete(NameTable names);

    /// <summary>How the matrices made so far are used, where they come from a file; empty otherwise.</summary>
    IReadOnlyList<TensorUse> Uses => [];

    /// <summary>What a file holds besides; known after <see cref="Complete"/>.</summary>
    IReadOnlyList<SkippedTensor> Skipped => [];
}
