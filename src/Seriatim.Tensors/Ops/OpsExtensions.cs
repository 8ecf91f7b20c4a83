namespace Seriatim.Tensors;

/// <summary>Shorter ways to call <see cref="IOps"/>.</summary>
public static class OpsExtensions
{
    /// <summary>Two linear layers of one input, e.g. gate and up.</summary>
    public static (Tensor First, Tensor Second) LinearMany(this IOps ops, Tensor x, LinearWeight first, LinearWeight second)
    {
        Tensor[] results = new Tensor[2];
        ops.LinearMany(x, [first, second], results);
        return (results[0], results[1]);
    }

    /// <summary>Three linear layers of one input, e.g. q, k and v.</summary>
    public static (Tensor First, Tensor Second, Tensor Third) LinearMany(
        this IOps ops, Tensor x, LinearWeight first, LinearWeight second, LinearWeight third)
    {
        Tensor[] results = new Tensor[3];
        ops.LinearMany(x, [first, second, third], results);
        return (results[0], results[1], results[2]);
    }
}
