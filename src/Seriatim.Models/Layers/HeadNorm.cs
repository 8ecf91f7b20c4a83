namespace Seriatim.Models;

/// <summary>The norm of queries, or of keys.</summary>
internal sealed class HeadNorm
{
    private readonly NormWeight _norm;
    private readonly Parameter? _factors;

    private HeadNorm(NormWeight norm, Parameter? factors) => (_norm, _factors) = (norm, factors);

    /// <summary>Whether it stands after the rotation.</summary>
    public bool AfterRotation { get; private init; }

    /// <summary>The norm of a spec; null for none.</summary>
    /// <param name="weights">The path of the layer.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headDim">Features of a head, D.</param>
    public static HeadNorm? Build(WeightBuilder weights, string name, HeadNormSpec? spec, int heads, int headDim)
    {
        if (spec is null)
            return null;
        int width = spec.Over == HeadNormOver.Width ? heads * headDim : headDim;
        bool own = spec is { Over: HeadNormOver.EachHead, HasWeights: true };
        if (own && spec.Norm is not { Bias: false, Offset: 0 })
            throw new NotSupportedException("A norm of each head with a bias, or with factors of 1 + w, is not built.");
        NormWeight norm = spec.HasWeights && !own
            ? weights.Norm(name, spec.Norm, width)
            : new NormWeight(spec.Norm.Kind, null, null, spec.Norm.Epsilon) { Width = width };
        Parameter? factors = own ? weights.Factors(name, heads * headDim, $"{heads} heads of {headDim}") : null;
        return new HeadNorm(norm, factors) { AfterRotation = spec.AfterRotation };
    }

    /// <summary>x <c>[N, H·D] → [N, H·D]</c>; takes x over.</summary>
    public Tensor Replace(IOps ops, Tensor x)
    {
        using (x)
        {
            Tensor normed = ops.Norm(x, _norm);
            if (_factors is null)
                return normed;
            using (normed)
                return ops.ScaleColumns(normed, _factors);
        }
    }
}
