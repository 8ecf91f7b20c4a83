using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>This machine's memory, which everybody may use, and its processors, whose ops have run when they return.</summary>
internal sealed unsafe class CpuDevice : Device
{
    public override string Name => "cpu";

    internal override bool IsHere => true;

    internal override bool LastsAsZeros => !TensorPool.Guarded;

    public override IDifferentiableOps NewOps(int threads = 0, LaneWidth? width = null) => CpuOps.Create(threads, width);

    public override void Write(Tensor tensor, ReadOnlySpan<float> values)
    {
        ShapeMismatchException.Require(values.Length == tensor.Length, "Write", "values", $"{values.Length} long", $"{tensor}");
        values.CopyTo(tensor.Span);
    }

    public override void Clear(Tensor tensor) => NativeMemory.Clear(tensor.Data, (nuint)tensor.Bytes);

    public override HostRows Read(Tensor tensor) => new(tensor);

    public override ValueTask<HostRows> ReadAsync(Tensor tensor, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return new ValueTask<HostRows>(new HostRows(tensor));
    }

    public override void Synchronize()
    {
    }

    public override ValueTask SynchronizeAsync(CancellationToken cancellation = default) => ValueTask.CompletedTask;

    internal override nint Allocate(long bytes, bool lasting, out int tag) =>
        (nint)(lasting ? TensorPool.Shared.RentLasting(bytes, out tag) : TensorPool.Shared.Rent(bytes, out tag));

    internal override void Free(Tensor tensor, nint address, int tag, long bytes)
    {
        tensor.Forget();
        TensorPool.Shared.Return((void*)address, tag, bytes);
    }

    internal override void Enqueue(Action work) => work();
}
