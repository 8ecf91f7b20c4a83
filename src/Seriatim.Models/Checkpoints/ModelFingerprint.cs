using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Seriatim.Models;

/// <summary>
/// A short name for what a model computes: a hash of its spec, of the shapes of its weights and of some rows of each. Two files
/// of the same weights have the same; another checkpoint, quantisation or architecture has another one.
/// </summary>
internal static class ModelFingerprint
{
    private const int RowsOfEach = 4;

    public static string Of(Model model)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, model.Spec.ToString());
        foreach (StackSpec? stack in (StackSpec?[])[model.Spec.Encoder, model.Spec.Decoder])
        {
            foreach (LayerSpec layer in stack?.Layers ?? [])
                Add(hash, layer);
        }

        for (int i = 0; i < model.Parameters.Count; i++)
        {
            Parameter matrix = model.Parameters[i].Parameter;
            Add(hash, string.Create(CultureInfo.InvariantCulture, $"{i} {matrix.Rows} {matrix.Columns} {matrix.Data.Type}"));
            Add(hash, matrix.Rows, matrix.Columns, matrix.ReadRow);
        }

        for (int i = 0; i < model.Matrices.Count; i++)
        {
            QuantizedMatrix matrix = model.Matrices[i];
            Add(hash,
                string.Create(CultureInfo.InvariantCulture,
                    $"{model.MatrixPaths[i]} {matrix.Rows} {matrix.Columns} {matrix.Type}"));
            Add(hash, matrix.Rows, matrix.Columns, matrix.ReadRow);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>The same for an adapter: all of it.</summary>
    public static string Of(IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string path, LowRankFactors own) in factors.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            Add(hash, string.Create(CultureInfo.InvariantCulture, $"{path} {own.Rank} {own.Scale:R}"));
            hash.AppendData(MemoryMarshal.AsBytes(own.A.Span));
            hash.AppendData(MemoryMarshal.AsBytes(own.B.Span));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void Add(IncrementalHash hash, int rows, int columns, Action<int, Span<float>> read)
    {
        float[] row = new float[columns];
        for (int sample = 0; sample < Math.Min(RowsOfEach, rows); sample++)
        {
            read(RowOf(sample, rows), row);
            hash.AppendData(MemoryMarshal.AsBytes<float>(row));
        }
    }

    /// <summary>The words of a spec say of a list that it is one, so layers and their lists follow.</summary>
    private static void Add(IncrementalHash hash, LayerSpec layer)
    {
        Add(hash, (layer with { Mixer = layer.Mixer.Computed }).ToString());
        hash.AppendData(MemoryMarshal.AsBytes<double>([.. layer.Mixer.Numbers]));
    }

    private static int RowOf(int sample, int rows) => (int)((long)sample * rows / Math.Min(RowsOfEach, rows));

    private static void Add(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
}
