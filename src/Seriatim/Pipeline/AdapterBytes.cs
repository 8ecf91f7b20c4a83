using System.Runtime.InteropServices;
using Seriatim.Models;

namespace Seriatim;

/// <summary>An adapter, or a part of it, as a message.</summary>
internal static class AdapterBytes
{
    /// <summary>The message.</summary>
    /// <param name="name">The adapter's name.</param>
    /// <param name="factors">What it adds to which weights.</param>
    public static byte[] Write(string name, IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(name);
        writer.Write(factors.Count);
        foreach ((string path, LowRankFactors own) in factors)
        {
            writer.Write(path);
            writer.Write(own.Rank);
            writer.Write(own.Scale);
            foreach (ReadOnlyMemory<float> matrix in (ReadOnlySpan<ReadOnlyMemory<float>>)[own.A, own.B])
            {
                writer.Write(matrix.Length);
                writer.Write(MemoryMarshal.AsBytes(matrix.Span));
            }
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>What <see cref="Write"/> was given.</summary>
    public static (string Name, Dictionary<string, LowRankFactors> Factors) Read(ReadOnlySpan<byte> message)
    {
        using var reader = new BinaryReader(new MemoryStream(message.ToArray(), writable: false));
        string name = reader.ReadString();
        var factors = new Dictionary<string, LowRankFactors>(StringComparer.Ordinal);
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string path = reader.ReadString();
            (int rank, float scale) = (reader.ReadInt32(), reader.ReadSingle());
            factors.Add(path, new LowRankFactors(Matrix(), Matrix(), rank, scale));
        }

        return (name, factors);

        float[] Matrix() =>
            MemoryMarshal.Cast<byte, float>(reader.ReadBytes(checked(reader.ReadInt32() * sizeof(float)))).ToArray();
    }
}
