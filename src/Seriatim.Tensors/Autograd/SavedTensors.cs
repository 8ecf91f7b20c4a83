namespace Seriatim.Tensors;

/// <summary>What a recorded call needs alive for its backward pass: it retains what is added.</summary>
internal readonly ref struct SavedTensors(List<Tensor> kept)
{
    public void Add(Tensor tensor) => kept.Add(tensor.Retain());
}
