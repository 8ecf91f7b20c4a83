using Xunit.Sdk;

namespace Seriatim.Conformance.Tests;

/// <summary>The checkers that all other tests lean on can fail: on any wrong value, in any place.</summary>
public sealed class CheckerTests
{
    private static readonly float[] Right = [1f, -2f, 3f, 0f, 5f, -6f, 7f];

    /// <summary>A wrong value and the place where it stands: first, in the middle, last.</summary>
    public static IEnumerable<object[]> Wrong =>
        from value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e30f, 1.5f]
        from place in (int[])[0, 3, 6]
        select new object[] { value, place };

    [Fact]
    public void WhatIsEqualPasses()
    {
        Close.Check("same", Right, Right, 1e-5);
        Close.Check("near", Right, [.. Right.Select(x => x + 1e-6f)], 1e-5);
        Bits.Equal(Right, Right, "same");
        Bits.Equal([Right, Right], [Right, Right], "same");
        Bits.Equal(new float[0][], new float[0][], "nothing");
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AWrongValueIsSeen(float value, int place)
    {
        float[] wrong = [.. Right];
        wrong[place] = value;
        string message = Fails(() => Close.Check("wrong", Right, wrong, 1e-5, 1e-5));
        Assert.Contains($"value {place} ", message);
        Fails(() => Close.Check("wrong", wrong, Right, 1e-5, 1e-5));
        Assert.Contains($"value {place} ", Fails(() => Bits.Equal(Right, wrong, "wrong")));
        Fails(() => Bits.Equal(wrong, Right, "wrong"));
        Fails(() => Bits.Equal([Right, wrong], [Right, Right], "wrong"));
    }

    /// <summary>What is not a number is no yardstick, even if both sides agree on it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    public void NaNOnBothSidesIsSeen(int place)
    {
        float[] wrong = [.. Right];
        wrong[place] = float.NaN;
        Fails(() => Close.Check("wrong", wrong, wrong, 1e-5));
        Assert.Contains("not a number", Fails(() => Bits.Equal(wrong, wrong, "wrong")));
    }

    [Fact]
    public void ANaNBeforeFiniteErrorsIsSeen()
    {
        Fails(() => Close.Check("x", [1f, 2f], [float.NaN, 2f], 1e-5));
        Fails(() => Close.Check("x", [1f, 2f, 3f], [float.NaN, 2f, 3.000001f], 1e-5));
    }

    [Fact]
    public void AnotherLengthOrOrderIsSeen()
    {
        Fails(() => Close.Check("short", Right, Right.AsSpan(1), 1e-5));
        Fails(() => Close.Check("long", Right.AsSpan(1), Right, 1e-5));
        Fails(() => Close.Check("nothing", Right, [], 1e-5));
        Fails(() => Close.Check("turned", Right, [.. Right.Reverse()], 1e-5));
        Fails(() => Bits.Equal(Right, Right.AsSpan(0, 6), "short"));
        Fails(() => Bits.Equal(Right.AsSpan(0, 6), Right, "long"));
        Fails(() => Bits.Equal([Right], [Right, Right], "rows"));
        Fails(() => Bits.Equal(new[] { 0f }, new[] { -0f }, "signs of zero"));
        Fails(() => Bits.Equal(new[] { 1f }, new[] { MathF.BitIncrement(1f) }, "one bit"));
    }

    private static string Fails(Action check) => Assert.ThrowsAny<XunitException>(check).Message;
}
