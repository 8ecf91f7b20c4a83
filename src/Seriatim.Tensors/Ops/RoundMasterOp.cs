namespace Seriatim.Tensors;

/// <summary>Rounds what products read of a parameter from its F32 master; nothing where the two are one.</summary>
/// <remarks>Changes <see cref="Parameter.Data"/>. No result.</remarks>
internal readonly struct RoundMasterOp(Parameter parameter) : IOpCall
{
    public static string Name => "RoundMaster";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check()
    {
    }

    public unsafe void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        if (parameter.Master == parameter.Data)
            return;
        var work = new Work
        {
            From = parameter.Master.Floats,
            To = (ushort*)parameter.Data.Data,
            Length = parameter.Data.Length,
        };
        team.Run(checked((int)((work.Length + UpdatePieces.Length - 1) / UpdatePieces.Length)), ref work);
    }

    public unsafe void Reference(ReadOnlySpan<Tensor> results)
    {
        if (parameter.Master == parameter.Data)
            return;
        ReadOnlySpan<float> from = parameter.Master.Span;
        ushort* to = (ushort*)parameter.Data.Data;
        for (int i = 0; i < from.Length; i++)
            to[i] = SixteenBits.ToBFloat16(from[i]);
    }

    private unsafe struct Work : IWork
    {
        public float* From;
        public ushort* To;
        public long Length;

        public readonly void Do(int piece, int worker)
        {
            long start = (long)piece * UpdatePieces.Length;
            SixteenBits.ToBFloat16(From + start, To + start, Math.Min(UpdatePieces.Length, Length - start));
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Rounds <see cref="Parameter.Data"/> to nearest, ties to even, from <see cref="Parameter.Master"/>, which something has
    /// changed. Nothing where there is no master of its own.
    /// </summary>
    public static void RoundMaster(this IDifferentiableOps ops, Parameter parameter) =>
        ops.Call(new RoundMasterOp(parameter), []);
}
