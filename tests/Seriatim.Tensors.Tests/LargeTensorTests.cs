namespace Seriatim.Tensors.Tests;

/// <summary>Sizes beyond what a span or a number can hold are errors that name the tensor and both numbers.</summary>
public sealed class LargeTensorTests
{
    private readonly HollowDevice _device = new();

    [Fact]
    public void More_elements_than_a_span_holds()
    {
        using Tensor tensor = _device.NewTensor(65536, 32769);
        Assert.Equal(8590196736, tensor.Bytes);
        OverflowException error = Assert.Throws<OverflowException>(() => tensor.Span.Length);
        Assert.Contains("[65536, 32769]", error.Message);
        Assert.Contains("2147549184", error.Message);
        Assert.Contains("2147483647", error.Message);
        Assert.Equal(32769, tensor.Row(65535).Length);
    }

    [Fact]
    public void More_elements_than_any_memory()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => _device.NewTensor(int.MaxValue, int.MaxValue));
        Assert.Contains("[2147483647, 2147483647]", error.Message);
        Assert.Contains("4611686014132420609", error.Message);
    }

    [Fact]
    public void More_columns_than_panels_can_have()
    {
        ArgumentOutOfRangeException error =
            Assert.Throws<ArgumentOutOfRangeException>(() => _device.NewParameter("layer.weight", 2, 70_000_000, ParameterLayout.Panels));
        Assert.Contains("layer.weight", error.Message);
        Assert.Contains("70000000", error.Message);
        Assert.Contains("67108863", error.Message);
    }

    /// <summary>A device whose memory nobody touches, so that a test can speak of gigabytes.</summary>
    private sealed class HollowDevice : Device
    {
        public override string Name => "hollow";

        internal override bool IsHere => true;

        public override IDifferentiableOps NewOps(int threads = 0, LaneWidth? width = null) => throw new NotSupportedException();

        public override void Write(Tensor tensor, ReadOnlySpan<float> values)
        {
        }

        public override void Clear(Tensor tensor)
        {
        }

        public override HostRows Read(Tensor tensor) => new(tensor);

        public override ValueTask<HostRows> ReadAsync(Tensor tensor, CancellationToken cancellation = default) => new(Read(tensor));

        public override void Synchronize()
        {
        }

        public override ValueTask SynchronizeAsync(CancellationToken cancellation = default) => ValueTask.CompletedTask;

        internal override nint Allocate(long bytes, bool lasting, out int tag)
        {
            tag = 0;
            return TensorPool.Alignment;
        }

        internal override void Free(Tensor tensor, nint address, int tag, long bytes) => tensor.Forget();

        internal override void Enqueue(Action work) => work();
    }
}
