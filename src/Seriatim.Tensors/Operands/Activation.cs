namespace Seriatim.Tensors;

/// <summary>The pointwise functions of feed-forward layers and heads.</summary>
public enum Activation
{
    /// <summary><c>max(x, 0)</c>.</summary>
    Relu,

    /// <summary><c>x Φ(x)</c> with the error function (Hendrycks and Gimpel, 2016): "gelu" in configs.</summary>
    Gelu,

    /// <summary>The tanh form of GELU: "gelu_new", "gelu_pytorch_tanh", "gelu_fast" in configs.</summary>
    GeluTanh,

    /// <summary><c>x σ(1.702 x)</c>: "quick_gelu" in configs.</summary>
    GeluQuick,

    /// <summary><c>x σ(x)</c>: "silu" or "swish" in configs.</summary>
    Silu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>Logistic function <c>σ(x) = 1 / (1 + exp(-x))</c>.</summary>
    Sigmoid,

    /// <summary><c>log(1 + exp(x))</c>: what makes steps of state space models positive.</summary>
    Softplus,

    /// <summary>x itself: a gate without a function.</summary>
    Identity,
}
