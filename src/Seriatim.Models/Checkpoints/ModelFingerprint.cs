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

    /// <param name="model">The model, or its first stage.</param>
    /// <param name="others">What the stages after it give (<see cref="PartOf"/>).</param>
    public static string Of(Model model, IReadOnlyList<byte[]>? others = null)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, model.Spec.ToString());
        foreach (StackSpec? stack in (StackSpec?[])[model.Spec.Encoder, model.Spec.Decoder])
        {
            foreach (LayerSpec layer in stack?.Layers ?? [])
                Add(hash, layer);
        }

        (List<Piece> parameters, List<Piece> matrices) = Pieces(model, ofLayers: false);
        int afterParameters = AfterLayers(parameters), afterMatrices = AfterLayers(matrices);
        foreach (byte[] part in others ?? [])
        {
            (List<Piece> own, List<Piece> blocks) = Read(part);
            parameters.InsertRange(afterParameters, own);
            matrices.InsertRange(afterMatrices, blocks);
            (afterParameters, afterMatrices) = (afterParameters + own.Count, afterMatrices + blocks.Count);
        }

        // Parameters are known by their number in the whole model.
        for (int i = 0; i < parameters.Count; i++)
        {
            Add(hash, string.Create(CultureInfo.InvariantCulture, $"{i} {parameters[i].Shape}"));
            hash.AppendData(parameters[i].Rows);
        }

        foreach (Piece piece in matrices)
        {
            Add(hash, $"{piece.Path} {piece.Shape}");
            hash.AppendData(piece.Rows);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>What the layers of a stage after the first one add.</summary>
    public static byte[] PartOf(Model model)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        (List<Piece> parameters, List<Piece> matrices) = Pieces(model, ofLayers: true);
        foreach (List<Piece> pieces in (List<Piece>[])[parameters, matrices])
        {
            writer.Write(pieces.Count);
            foreach (Piece piece in pieces)
            {
                writer.Write(piece.Path);
                writer.Write(piece.Shape);
                writer.Write(piece.Rows.Length);
                writer.Write(piece.Rows);
            }
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>A weight: where it is in the model, its shape, some of its rows.</summary>
    private readonly record struct Piece(string Path, string Shape, byte[] Rows);

    private static (List<Piece> Parameters, List<Piece> Matrices) Pieces(Model model, bool ofLayers)
    {
        var parameters = new List<Piece>();
        foreach (ModelParameter parameter in model.Parameters.Where(p => !ofLayers || IsOfLayer(p.Path)))
        {
            Parameter matrix = parameter.Parameter;
            parameters.Add(new Piece(parameter.Path,
                string.Create(CultureInfo.InvariantCulture, $"{matrix.Rows} {matrix.Columns} {matrix.Data.Type}"),
                Rows(matrix.Rows, matrix.Columns, matrix.ReadRow)));
        }

        var matrices = new List<Piece>();
        for (int i = 0; i < model.Matrices.Count; i++)
        {
            QuantizedMatrix matrix = model.Matrices[i];
            if (!ofLayers || IsOfLayer(model.MatrixPaths[i]))
            {
                matrices.Add(new Piece(model.MatrixPaths[i],
                    string.Create(CultureInfo.InvariantCulture, $"{matrix.Rows} {matrix.Columns} {matrix.Type}"),
                    Rows(matrix.Rows, matrix.Columns, matrix.ReadRow)));
            }
        }

        return (parameters, matrices);
    }

    private static (List<Piece> Parameters, List<Piece> Matrices) Read(byte[] part)
    {
        using var reader = new BinaryReader(new MemoryStream(part));
        return (ReadPieces(), ReadPieces());

        List<Piece> ReadPieces()
        {
            var pieces = new List<Piece>();
            for (int left = reader.ReadInt32(); left > 0; left--)
                pieces.Add(new Piece(reader.ReadString(), reader.ReadString(), reader.ReadBytes(reader.ReadInt32())));
            return pieces;
        }
    }

    private static bool IsOfLayer(string path) => path.StartsWith("layers.", StringComparison.Ordinal);

    /// <summary>Where the pieces of later layers belong: behind those of earlier ones, before what comes after layers.</summary>
    private static int AfterLayers(List<Piece> pieces)
    {
        int last = pieces.FindLastIndex(piece => IsOfLayer(piece.Path));
        if (last >= 0)
            return last + 1;
        int next = pieces.FindIndex(piece => piece.Path.Split('.')[0] is "norm" or "head");
        return next < 0 ? pieces.Count : next;
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

    private static byte[] Rows(int rows, int columns, Action<int, Span<float>> read)
    {
        float[] values = new float[Math.Min(RowsOfEach, rows) * columns];
        for (int sample = 0; sample < Math.Min(RowsOfEach, rows); sample++)
            read(RowOf(sample, rows), values.AsSpan(sample * columns, columns));
        return MemoryMarshal.AsBytes<float>(values).ToArray();
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
