using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>A tensor as its bytes stand in a file.</summary>
internal sealed record RawTensor(string Name, SafetensorsType Type, long[] Shape, byte[] Bytes)
{
    public static RawTensor Of(string name, long[] shape, float[] values) =>
        new(name, SafetensorsType.F32, shape, [.. values.SelectMany(BitConverter.GetBytes)]);

    public static RawTensor Halves(string name, long[] shape, float[] values) =>
        new(name, SafetensorsType.F16, shape, [.. values.SelectMany(v => BitConverter.GetBytes((Half)v))]);

    public static RawTensor BFloats(string name, long[] shape, float[] values) => new(
        name, SafetensorsType.BF16, shape, [.. values.SelectMany(v =>
            BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)))]);

    public static RawTensor Words(string name, long[] shape, uint[] values) =>
        new(name, SafetensorsType.I32, shape, [.. values.SelectMany(BitConverter.GetBytes)]);

    public static RawTensor Raw(string name, long[] shape, byte[] values, SafetensorsType type = SafetensorsType.U8) =>
        new(name, type, shape, values);
}

/// <summary>What a coder of a test makes of a matrix: its tensors, and the values they mean.</summary>
internal sealed record CodedSample(RawTensor[] Tensors, float[] Values);

/// <summary>A folder with a small llama whose linear layers are stored in some coding, and the values they stand for.</summary>
internal sealed class CodedFolder : IDisposable
{
    public const int Hidden = 64, Inner = 128;
    private readonly TempFolder _folder = new();

    /// <param name="quantization">The section of the config.</param>
    /// <param name="code">Makes the tensors of a matrix: the name without <c>.weight</c>, rows, columns.</param>
    /// <param name="change">Changes tensors before they are written; null leaves one out.</param>
    public CodedFolder(string? quantization, Func<string, int, int, CodedSample> code, Func<RawTensor, RawTensor?>? change = null)
    {
        string config = TinyLlama.With(("hidden_size", Hidden), ("intermediate_size", Inner), ("num_hidden_layers", 1),
            ("num_attention_heads", 2), ("num_key_value_heads", 2), ("torch_dtype", "bfloat16"),
            ("quantization_config", quantization is null ? null : JsonNode.Parse(quantization)));
        using (Model plain = TinyLlama.Create(TinyLlama.With(("hidden_size", Hidden), ("intermediate_size", Inner),
            ("num_hidden_layers", 1), ("num_attention_heads", 2), ("num_key_value_heads", 2))))
        {
            List<RawTensor> tensors = [];
            foreach (ExportedTensor tensor in CheckpointExporter.Data(plain.Parameters))
            {
                if (!tensor.Name.EndsWith("_proj.weight", StringComparison.Ordinal))
                {
                    tensors.Add(RawTensor.Of(tensor.Name, [.. tensor.Shape], tensor.Values));
                    continue;
                }

                CodedSample sample = code(tensor.Name[..^".weight".Length], (int)tensor.Shape[0], (int)tensor.Shape[1]);
                tensors.AddRange(sample.Tensors);
                Values.Add(tensor.Name, sample.Values);
            }

            tensors = [.. tensors.Select(change ?? (tensor => tensor)).OfType<RawTensor>()];
            using SafetensorsWriter writer = SafetensorsWriter.Create(Path.Combine(_folder.Path, "model.safetensors"),
                tensors.Select(t => new SafetensorsTensorSpec(t.Name, t.Type, [.. t.Shape])));
            foreach (RawTensor tensor in tensors)
                writer.Append(tensor.Name, tensor.Bytes);
            writer.Complete();
        }

        File.WriteAllText(Path.Combine(_folder.Path, "config.json"), config);
    }

    public string Folder => _folder.Path;

    /// <summary>What each matrix stands for, by its plain name.</summary>
    public Dictionary<string, float[]> Values { get; } = [];

    /// <summary>Loads the folder both ways; each matrix must have the values, bit for bit.</summary>
    /// <param name="used">What products are to read.</param>
    /// <param name="opened">Whether that is something else than the file holds.</param>
    public void Check(string used, bool opened)
    {
        using (Model wide = Model.Load(Folder, new ModelLoadOptions { Storage = WeightStorage.F32 }))
        {
            Assert.Empty(wide.Matrices);
            int seen = 0;
            foreach (ModelParameter part in wide.Parameters.Where(p => Values.ContainsKey(p.Place.Name)))
            {
                Same(part.Place.Name, part.Parameter.Rows, part.Parameter.Columns, part.Parameter.ReadRow);
                seen++;
            }

            Assert.Equal(7, seen);
        }

        using Model model = Model.Load(Folder);
        TensorUse[] uses = [.. model.TensorUses.Where(use => Values.ContainsKey(use.Name))];
        Assert.Equal(7, uses.Length);
        Assert.All(uses, use => Assert.Equal((used, opened), (use.Used, use.IsOpened)));
        Assert.Equal(used.EndsWith("blocks", StringComparison.Ordinal) ? 7 : 0, model.Matrices.Count);
        foreach (QuantizedMatrix matrix in model.Matrices)
            Same(matrix.Name, matrix.Rows, matrix.Columns, matrix.ReadRow);
        foreach (ModelParameter part in model.Parameters.Where(p => Values.ContainsKey(p.Place.Name)))
            Same(part.Place.Name, part.Parameter.Rows, part.Parameter.Columns, part.Parameter.ReadRow);
    }

    public void Dispose() => _folder.Dispose();

    private void Same(string name, int rows, int columns, Action<int, Span<float>> read)
    {
        float[] row = new float[columns], values = Values[name];
        Assert.Equal(values.Length, rows * columns);
        for (int i = 0; i < rows; i++)
        {
            read(i, row);
            Assert.True(row.AsSpan().SequenceEqual(values.AsSpan(i * columns, columns)), $"{name}, row {i}");
        }
    }
}
