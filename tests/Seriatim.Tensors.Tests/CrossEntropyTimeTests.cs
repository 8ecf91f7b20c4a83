using System.Diagnostics;

namespace Seriatim.Tensors.Tests;

/// <summary>Labels are counted once a call, not once a row.</summary>
public sealed class CrossEntropyTimeTests
{
    [Fact]
    public void Many_rows_take_a_moment()
    {
        const int Rows = 400_000;
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Tensor hidden = Tensor.Zeros(Rows, 1);
        LinearWeight head = LinearWeight.FromPanels(new Parameter("head", 2, 1, ParameterLayout.Panels));
        int[] labels = new int[Rows];
        using Tensor loss = ops.CrossEntropy(hidden, head, labels, new CrossEntropyOptions(), out CrossEntropyRecord state);
        using (state)
        {
            using Tensor one = Tensor.From([1], 1, 1);
            long start = Stopwatch.GetTimestamp();
            ops.CrossEntropyBackward(hidden, head, labels, new CrossEntropyOptions(), state, one).Dispose();

            // 400,000 times 400,000 labels are half a minute at best speed.
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 4);
        }
    }
}
