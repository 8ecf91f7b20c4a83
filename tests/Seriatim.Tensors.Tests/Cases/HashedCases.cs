namespace Seriatim.Tensors.Tests;

/// <summary>Hashing, the joining of softmaxes, norms of pieces without a factor, and coupled parts.</summary>
public static class HashedCases
{
    public static IEnumerable<OpCase> All()
    {
        (string Name, int Rows, int Heads, int D, int Rounds, int Directions, HashRange[] Ranges)[] hashed =
        [
            ("2 x 16, 2 rounds, 4 buckets", 9, 2, 16, 2, 2, [new(0, 9, [4])]),
            ("3 x 7, factors 2 and 4", 6, 3, 7, 1, 3, [new(0, 6, [2, 4])]),
            ("1 x 40, 70 buckets, ranges", 12, 1, 40, 3, 37, [new(1, 4, [70]), new(7, 5, [6, 2])]),
        ];
        foreach ((string name, int rows, int heads, int d, int rounds, int directions, HashRange[] ranges) in hashed)
        {
            HashRotations rotations = Rotations(heads, d, rounds, directions);
            yield return new OpCase($"hash {name}", (c, ops) => ops.HashBuckets(c.Inputs[0], rotations, ranges))
            { Differentiable = false }.Input(rows, heads * d);
        }

        foreach (int parts in new[] { 1, 2, 5 })
        {
            OpCase c = new($"join {parts} softmaxes",
                (c, ops) => ops.JoinSoftmaxes([.. c.Inputs.Take(parts)], [.. c.Inputs.Skip(parts)]));
            for (int i = 0; i < parts; i++)
                c.Input(7, 3 * 19);
            for (int i = 0; i < parts; i++)
                c.Input(7, 3, spread: 2);
            yield return c;
        }

        foreach (NormKind kind in (NormKind[])[NormKind.Rms, NormKind.Layer])
        {
            yield return new OpCase($"norm {kind} of heads without a factor",
                (c, ops) => ops.Norm(c.Inputs[0], new NormWeight(kind, null, null, 1e-6f) { Width = 19 })).Input(5, 57);
        }

        LinearWeight? first = null, second = null;
        var coupled = new OpCase("coupled parts", (c, ops) => Twice(ops, c.Inputs[0], first!, second!))
        {
            Tolerance = 1e-5f,
        }.Input(6, 46);
        (first, second) = (coupled.Linear(23, 23, true), coupled.Linear(23, 23, false));
        yield return coupled;
    }

    /// <summary>Two layers of coupled parts, one after the other.</summary>
    internal static Tensor Twice(IOps ops, Tensor x, LinearWeight first, LinearWeight second)
    {
        using Tensor once = Couple(ops, x, first, second);
        return Couple(ops, once, second, first);
    }

    internal static Tensor Couple(IOps ops, Tensor x, LinearWeight first, LinearWeight second) =>
        ops.Couple(x, (first, second), static (ops, half, w) => Part(ops, half, w.first),
            static (ops, half, w) => Part(ops, half, w.second), static _ => new Nothing());

    internal static HashRotations Rotations(int heads, int d, int rounds, int directions)
    {
        var random = new Random(heads + d);
        return new HashRotations(heads, d, rounds, directions,
            [.. Enumerable.Range(0, heads * d * rounds * directions).Select(_ => 2 * random.NextSingle() - 1)]);
    }

    private static Tensor Part(IOps ops, Tensor x, LinearWeight w)
    {
        using Tensor y = ops.Linear(x, w);
        return ops.Activate(y, Activation.Silu);
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
