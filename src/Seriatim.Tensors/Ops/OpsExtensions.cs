namespace Seriatim.Tensors;

/// <summary>The ops, as models call them. Each is declared in the file of its op.</summary>
public static partial class OpsExtensions
{
    /// <summary>Makes a call of one result.</summary>
    internal static Tensor Run<TOp>(this IOps ops, TOp op)
        where TOp : struct, IOp<TOp>
    {
        Tensor result = null!;
        ops.Run(op, new Span<Tensor>(ref result));
        return result;
    }

    /// <summary>Makes a call of one result that has no gradient.</summary>
    internal static Tensor Call<TCall>(this IDifferentiableOps ops, TCall call)
        where TCall : struct, IOpCall
    {
        Tensor result = null!;
        ops.Call(call, new Span<Tensor>(ref result));
        return result;
    }

    /// <summary>Makes a call of two results that has no gradient.</summary>
    internal static (Tensor First, Tensor Second) CallTwo<TCall>(this IDifferentiableOps ops, TCall call)
        where TCall : struct, IOpCall
    {
        var results = new Pair();
        ops.Call(call, results);
        return (results[0], results[1]);
    }

    /// <summary>Room for two tensors.</summary>
    [System.Runtime.CompilerServices.InlineArray(2)]
    private struct Pair
    {
        private Tensor _first;
    }

    /// <summary>Room for three tensors.</summary>
    [System.Runtime.CompilerServices.InlineArray(3)]
    private struct Triple
    {
        private Tensor _first;
    }
}
