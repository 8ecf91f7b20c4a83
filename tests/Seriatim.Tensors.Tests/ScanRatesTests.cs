namespace Seriatim.Tensors.Tests;

/// <summary>Files hold rates, models their logarithms: what the scan computes with comes back with its bits.</summary>
public sealed class ScanRatesTests
{
    [Fact]
    public void RatesComeBackWithTheirBits()
    {
        for (float log = -20; log < 20; log = MathF.BitIncrement(log) + 0.0007f)
        {
            float rate = ScanRates.Of(log);
            Assert.Equal(rate, ScanRates.Of(ScanRates.LogOf(rate)));
            Assert.True(Math.Abs(ScanRates.LogOf(rate) - log) <= 2.5e-7 * Math.Max(1, Math.Abs(log)), $"{log}");
        }
    }

    /// <summary>Rates that others computed, whose last bit is another, come near.</summary>
    [Fact]
    public void RatesOfOthersComeBackWithinAUnit()
    {
        for (float log = -3; log < 6; log += 0.0013f)
        {
            float rate = -(float)Math.Exp(log);
            float back = ScanRates.Of(ScanRates.LogOf(rate));
            double unit = MathF.BitIncrement(-rate) + rate;
            Assert.True(Math.Abs((double)back - rate) <= Math.Max(3, 2 * Math.Abs(log)) * unit, $"{log}: {rate} and {back}");
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(float.NaN)]
    [InlineData(1f)]
    [InlineData(float.NegativeInfinity)]
    public void WhatIsNoRateIsRefused(float rate) => Assert.Throws<ArgumentOutOfRangeException>(() => ScanRates.LogOf(rate));
}
