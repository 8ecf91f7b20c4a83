namespace Seriatim.Tensors;

/// <summary>
/// The ops as their formulas say: scalar loops with sums in double. Slow and plainly right: the oracle of the tests, and
/// what keeps the declarations of ops free of assumptions about one device.
/// </summary>
public sealed class ReferenceOps() : DeviceOps(Device.Cpu)
{
    /// <summary>Does nothing: there is nothing to stop.</summary>
    public override void Dispose()
    {
    }

    internal override void Execute<TCall>(TCall call, ReadOnlySpan<Tensor> results) => call.Reference(results);
}
