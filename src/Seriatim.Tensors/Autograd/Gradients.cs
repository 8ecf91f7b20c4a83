namespace Seriatim.Tensors;

/// <summary>
/// Takes the gradients of a call's operands. Where a tensor feeds several calls, they are
/// added up, in reverse order of the calls.
/// </summary>
internal readonly ref struct Gradients(Tape tape)
{
    /// <summary>Takes over a gradient of an operand.</summary>
    public void Add(Tensor operand, Tensor gradient) => tape.Accumulate(operand, gradient);
}
