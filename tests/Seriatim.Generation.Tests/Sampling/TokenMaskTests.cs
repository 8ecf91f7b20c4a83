namespace Seriatim.Generation.Tests;

/// <summary>Sets of ids, and what they do to a row, against the plain way of saying it.</summary>
public sealed class TokenMaskTests
{
    public static TheoryData<int> Sizes => [1, 2, 7, 8, 63, 64, 65, 127, 128, 130, 511, 5_003];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void MasksAreSets(int vocabulary)
    {
        var random = new Random(vocabulary);
        (HashSet<int> a, HashSet<int> b) = (Ids(random, vocabulary), Ids(random, vocabulary));
        var all = Enumerable.Range(0, vocabulary).ToHashSet();
        (TokenMask left, TokenMask right) = (new(vocabulary, a), new(vocabulary, b));
        void Same(IEnumerable<int> expected, TokenMask mask)
        {
            Assert.Equal(expected.Order(), all.Where(mask.Contains).Order());
            Assert.Equal(expected.Count(), mask.Count);
        }

        Same(a, left);
        TokenMask both = left.Copy(), any = left.Copy(), not = left.Copy(), taken = new(vocabulary);
        both.And(right);
        any.Or(right);
        not.Not();
        taken.CopyFrom(right.AsSpan());
        Same(a.Intersect(b), both);
        Same(a.Union(b), any);
        Same(all.Except(a), not);
        Same(b, taken);
        Same(a, left);
        int id = random.Next(vocabulary);
        left.Add(id);
        Same(a.Append(id).Distinct(), left);
        left.Remove(id);
        Same(a.Where(other => other != id), left);
        left.Clear();
        Same([], left);
    }

    [Fact]
    public void NoBitIsEverSetBeyondTheVocabulary()
    {
        var mask = new TokenMask(70);
        mask.Not();
        Assert.Equal((70, (1ul << 6) - 1), (mask.Count, mask.AsSpan()[1]));
        mask.CopyFrom([ulong.MaxValue, ulong.MaxValue]);
        Assert.Equal(70, mask.Count);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void RowsKeepAndDropWhatAMaskSays(int vocabulary)
    {
        var random = new Random(vocabulary);
        float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => random.NextSingle() * 8 - 4)];
        HashSet<int> all = [.. Enumerable.Range(0, vocabulary)];
        foreach (HashSet<int> ids in (HashSet<int>[])[[], Ids(random, vocabulary), all, [vocabulary - 1]])
        {
            var mask = new TokenMask(vocabulary, ids);
            (var kept, var dropped) = (new LogitsRow(logits, [1], []), new LogitsRow(logits, [1], []));
            kept.Top(3);
            kept.Keep(mask);
            dropped.Drop(mask);
            for (int id = 0; id < vocabulary; id++)
            {
                Assert.Equal(ids.Contains(id) ? logits[id] : float.NegativeInfinity, kept.Values[id]);
                Assert.Equal(ids.Contains(id) ? float.NegativeInfinity : logits[id], dropped.Values[id]);
            }

            Assert.Equal(ids.Count, kept.Candidates.Length);
            Assert.Equal(vocabulary - ids.Count, dropped.Candidates.Length);
        }
    }

    [Fact]
    public void WrongIdsAndSizesAreNamed()
    {
        var mask = new TokenMask(70);
        Assert.Contains("0 to 69", Assert.Throws<ArgumentOutOfRangeException>(() => mask.Add(70)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => mask.Contains(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenMask(70, [70]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenMask(0));
        Assert.Contains("71", Assert.Throws<ArgumentException>(() => mask.And(new TokenMask(71))).Message);
        Assert.Contains("need 2", Assert.Throws<ArgumentException>(() => mask.CopyFrom([1])).Message);
        string message = Assert.Throws<ArgumentException>(() => new LogitsRow(new float[50], [1], []).Keep(mask)).Message;
        Assert.Contains("70", message);
        Assert.Contains("50", message);
    }

    private static HashSet<int> Ids(Random random, int vocabulary) =>
        [.. Enumerable.Range(0, vocabulary).Where(_ => random.Next(3) == 0)];
}
