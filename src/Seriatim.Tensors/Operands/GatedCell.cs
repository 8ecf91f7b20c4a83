namespace Seriatim.Tensors;

/// <summary>The cell of a gated scan: how a row's state follows from its input and the state before.</summary>
public enum GatedCell
{
    /// <summary>
    /// Long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000), gates i, f, g, o:
    /// <c>c' = σ(f) c + σ(i) tanh(g)</c>, <c>h' = σ(o) tanh(c')</c>. A state is h and, behind it, c.
    /// </summary>
    Lstm,

    /// <summary>
    /// Gated recurrent unit (Cho et al., 2014), gates r, z, n, with the reset after the recurrent product, its bias included:
    /// <c>n' = tanh(n_x + σ(r) n_h)</c>, <c>h' = (1 - σ(z)) n' + σ(z) h</c>. A state is h.
    /// </summary>
    Gru,
}
