using Xunit.Sdk;

namespace Seriatim.Tensors.Tests;

/// <summary>The checkers of the op table can fail: on any wrong value, in any place.</summary>
public sealed class CheckerTests
{
    private static readonly float[] Right = [1f, -2f, 3f, 0f, 5f, -6f, 7f];

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    public void A_wrong_value_is_seen_wherever_it_is(int place)
    {
        OpTableTests.Near(Right, Right, 1e-6f, "same");
        OpTableTests.SameBits(Right, Right, "same");
        foreach (float value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e30f, 1.5f })
        {
            float[] wrong = [.. Right];
            wrong[place] = value;
            Fails(() => OpTableTests.Near(Right, wrong, 1e-6f, "wrong"), $"element {place} ");
            Fails(() => OpTableTests.SameBits(Right, wrong, "wrong"), $"element {place} ");
            Assert.False(BlockFormatTests.Rms(Right, wrong) < 1e-3);
        }
    }

    [Fact]
    public void Another_length_is_seen()
    {
        Fails(() => OpTableTests.Near(Right, Right[1..], 1e-6f, "short"), "short");
        Fails(() => OpTableTests.Near(Right[1..], Right, 1e-6f, "long"), "long");
        Fails(() => OpTableTests.SameBits(Right, Right[1..], "short"), "");
        Fails(() => OpTableTests.SameBits(Right[1..], Right, "long"), "");
        Fails(() => BlockFormatTests.Rms(Right, Right[1..]), "");
    }

    private static void Fails(Action check, string part) => Assert.Contains(part, Assert.ThrowsAny<XunitException>(check).Message);
}
