using System.Buffers.Binary;

namespace Seriatim.Training;

/// <summary>
/// The norm of a gradient whose parts lie with their owners: each gives the sums of squares of its pieces, and all add them up
/// in the order of the model, as <see cref="GradientNorm"/> does in one process. The same bits.
/// </summary>
internal static class SharedNorm
{
    public static double Of(ProcessGroup group, IDifferentiableOps ops, ParameterShards shards)
    {
        if (group.Size == 1)
            return GradientNorm.Of(ops, shards.All);
        using var own = new MemoryStream();
        using (var writer = new BinaryWriter(own))
        {
            foreach (TrainableParameter parameter in shards.Own)
            {
                double[] pieces = ops.SquaresOfPieces([parameter.Parameter]);
                writer.Write(pieces.Length);
                foreach (double piece in pieces)
                    writer.Write(piece);
            }
        }

        byte[][] all = group.Gather(own.ToArray());
        int[] at = new int[group.Size];
        double sum = 0;
        foreach (int owner in shards.Owners)
        {
            ReadOnlySpan<byte> rest = all[owner].AsSpan(at[owner]);
            int pieces = BinaryPrimitives.ReadInt32LittleEndian(rest);
            for (int i = 0; i < pieces; i++)
                sum += BinaryPrimitives.ReadDoubleLittleEndian(rest[(sizeof(int) + i * sizeof(double))..]);
            at[owner] += sizeof(int) + pieces * sizeof(double);
        }

        return Math.Sqrt(sum);
    }
}
