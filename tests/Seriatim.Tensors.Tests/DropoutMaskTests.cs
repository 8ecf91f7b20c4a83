namespace Seriatim.Tensors.Tests;

/// <summary>Masks of dropout: the right share is dropped, and no two rows, columns or keys go together.</summary>
public sealed class DropoutMaskTests
{
    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.3f)]
    [InlineData(0.5f)]
    public void Drops_its_share_of_every_part(float rate)
    {
        var mask = new DropoutMask(rate, 42);
        const int Rows = 400, Columns = 500;
        int[] byRow = new int[Rows], byColumn = new int[Columns];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                int dropped = mask.FactorOf(row, column) == 0 ? 1 : 0;
                byRow[row] += dropped;
                byColumn[column] += dropped;
            }
        }

        // Six standard deviations of a binomial distribution; with 900 of them the chance of one beyond 5 is under 1 in 1,000.
        Assert.InRange(byRow.Sum(), Mean(Rows * Columns) - 6 * Deviation(Rows * Columns), Mean(Rows * Columns) + 6 * Deviation(Rows * Columns));
        Assert.All(byRow, n => Assert.InRange(n, Mean(Columns) - 6 * Deviation(Columns), Mean(Columns) + 6 * Deviation(Columns)));
        Assert.All(byColumn, n => Assert.InRange(n, Mean(Rows) - 6 * Deviation(Rows), Mean(Rows) + 6 * Deviation(Rows)));

        double Mean(int n) => n * rate;
        double Deviation(int n) => Math.Sqrt(n * rate * (1 - rate));
    }

    [Fact]
    public void Neighbours_keys_and_numbers_are_independent()
    {
        var mask = new DropoutMask(0.5f, 1);
        DropoutMask[] others = [new DropoutMask(0.5f, 2), mask.At(0), mask.At(1), mask.At(0).At(1)];
        const int Elements = 100_000;
        foreach (Func<int, float> other in (Func<int, float>[])[i => mask.FactorOf(0, i + 1), i => mask.FactorOf(1, i), i => mask.FactorOf(0, i + 256),
            .. others.Select(o => (Func<int, float>)(i => o.FactorOf(0, i)))])
        {
            int equal = Enumerable.Range(0, Elements).Count(i => mask.FactorOf(0, i) == other(i));
            Assert.InRange(equal, Elements / 2 - 1000, Elements / 2 + 1000); // 6 standard deviations
        }
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public void Refuses_a_rate_that_is_none(float rate)
    {
        using Tensor x = Tensor.Zeros(2, 3);
        using IDifferentiableOps ops = CpuOps.Create(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => ops.Dropout(x, new DropoutMask(rate, 0)));
    }
}
