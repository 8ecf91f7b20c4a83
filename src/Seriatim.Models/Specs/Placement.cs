namespace Seriatim.Models;

/// <summary>Where the norms of a layer stand, with f each of its parts.</summary>
public enum Placement
{
    /// <summary><c>x + f(norm(x))</c>.</summary>
    Pre,

    /// <summary><c>norm(x + f(x))</c>: the original Transformer.</summary>
    Post,

    /// <summary><c>x + norm'(f(norm(x)))</c>: Gemma 2.</summary>
    Sandwich,

    /// <summary><c>x + norm(f(x))</c>: OLMo 2.</summary>
    AfterParts,

    /// <summary><c>x + attention(norm(x)) + feedForward(norm'(x))</c>: GPT-NeoX.</summary>
    Parallel,

    /// <summary><c>x + attention(n) + feedForward(n)</c> with <c>n = norm(x)</c>: GPT-J, Phi, Command R.</summary>
    ParallelOfOne,

    /// <summary><c>n + f(n)</c> with <c>n = norm(x)</c>: Bloom, if its config asks for it.</summary>
    NormedResidual,

    /// <summary>
    /// <c>y1 = x1 + attention(norm(x2))</c>, <c>y2 = x2 + feedForward(norm'(y1))</c> on a residual stream of two halves, of which
    /// the operands can be computed from the results (Gomez et al., 2017: RevNet; Kitaev et al., 2020: Reformer). For all layers
    /// of a stack, or none.
    /// </summary>
    Reversible,
}
