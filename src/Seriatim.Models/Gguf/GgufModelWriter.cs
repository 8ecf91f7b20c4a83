using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Seriatim.Models;

/// <summary>Writes a model as a GGUF file: the way of loading, backwards.</summary>
public static class GgufModelWriter
{
    private const int RowsAtOnce = 256;

    /// <summary>Writes metadata and tensors.</summary>
    /// <param name="model">A model whose matrices are dense (<see cref="WeightStorage"/>), with a config.</param>
    /// <param name="path">The file, replaced in one step when it is complete.</param>
    /// <param name="mix">The types of matrices.</param>
    /// <param name="name">The value of <c>general.name</c>.</param>
    /// <param name="tokenizer">Keys of the tokenizer, <c>tokenizer.*</c>.</param>
    /// <param name="report">Called for each tensor that is done, in the order of the file.</param>
    /// <exception cref="UnsupportedConfigException">
    /// GGUF cannot hold this model; the message says why. Nothing was written then.
    /// </exception>
    /// <exception cref="InvalidOperationException">Matrices are quantised, or the model has no config.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        Model model, string path, QuantizationMix mix, string name, IReadOnlyDictionary<string, object> tokenizer,
        Action<GgufTensorReport>? report = null)
    {
        if (model.Matrices.Count > 0)
        {
            throw new InvalidOperationException(
                $"{model.Matrices[0]} is quantised already; load the model with its weights as F32 to write it.");
        }
        GgufMap map = ArchitectureRegistry.All.FirstOrDefault(a => a.ModelType == model.Spec.Family)?.GgufOf(model.Spec)
            ?? throw new UnsupportedConfigException(name, ["model_type"],
                $"model_type is {model.Spec.Family}, which GGUF files of this version do not hold.");
        (GgufExport export, GgufTensor[] tensors) = Draft(model, map, mix);
        var metadata = new List<KeyValuePair<string, object>>
        {
            new("general.architecture", map.Architecture),
            new("general.name", name),
            new("general.file_type", mix.Label),
            new("general.quantization_version", 2u),
        };
        metadata.AddRange(export.Metadata);
        metadata.AddRange(tokenizer.Where(pair => !export.Has(pair.Key)));
        GgufTensorSpec[] specs = [
            .. tensors.Select(t => new GgufTensorSpec(t.Name, t.Type, t.Shape)),
            .. export.Vectors.Select(v => new GgufTensorSpec(v.Name, GgmlType.F32, [v.Values.Length]))];
        GgufReadBack.Check(model, new GgufDraft(path, metadata.ToDictionary(), specs.ToDictionary(s => s.Name, s => s.Shape),
            export.Vectors.ToDictionary(v => v.Name, v => v.Values)));
        using GgufWriter writer = GgufWriter.Create(path, metadata, specs);
        foreach (GgufTensor tensor in tensors)
        {
            GgufTensorReport done = Append(writer, tensor);
            report?.Invoke(done);
        }

        foreach ((string vector, float[] values) in export.Vectors)
            writer.Append(vector, MemoryMarshal.AsBytes(values.AsSpan()));
        writer.Complete();
    }

    /// <summary>
    /// Metadata and tensors; what layers would have to agree on and do not is refused like all that files have no word for.
    /// </summary>
    private static (GgufExport Metadata, GgufTensor[] Tensors) Draft(Model model, GgufMap map, QuantizationMix mix)
    {
        try
        {
            return (Metadata(model, map), [.. Tensors(model, map.Names(model.Spec), mix)]);
        }
        catch (NotSupportedException failure)
        {
            throw new UnsupportedConfigException(model.Spec.Family, ["layers"],
                $"{failure.Message} A GGUF file of {map.Architecture} says it once for all. "
                    + "This model cannot be written as GGUF.");
        }
    }

    private static GgufExport Metadata(Model model, GgufMap map)
    {
        using JsonDocument json = LenientJson.Parse(model.Config.Json.IsEmpty
            ? throw new InvalidOperationException(
                "The model was built from a spec, without a config; there is nothing to make metadata of.")
            : model.Config.Json, Model.ConfigFileName);
        var export = new GgufExport(model.Spec, model.Config, map.Architecture);
        foreach (GgufKey key in map.Keys)
        {
            if (!json.RootElement.TryGetProperty(key.ConfigKey, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                continue;
            export.Set(key.Name, key.Kind switch
            {
                GgufKind.Size or GgufKind.Window => value.GetUInt32(),
                GgufKind.Number => value.GetSingle(),
                _ => value.GetBoolean(),
            });
        }

        export.SetSizes(map.Keys);
        map.Write(export);
        export.SetDefault("vocab_size", (uint)model.Spec.Last.Vocabulary);
        export.RequireKeys(map.Keys);
        return export;
    }

    /// <summary>The tensors of the file, with the parameter rows that each of their rows comes from.</summary>
    private static IEnumerable<GgufTensor> Tensors(Model model, NameTable names, QuantizationMix mix)
    {
        var parts = model.Parameters.Select(p => (Source: p, Place: names.Find(p.Path, p.Ending)));
        foreach (var group in parts.GroupBy(p => p.Place.Name))
        {
            (ModelParameter first, TensorPlace place) = group.First();
            int columns = first.IsVector ? 1 : first.Parameter.Columns;
            int rows = place.Rows?.Total
                ?? (first.IsVector ? first.Parameter.Columns : first.Parameter.Rows) - place.SkippedRows;
            var origins = new (ModelParameter Part, int Row)[rows];
            foreach ((ModelParameter source, TensorPlace own) in group)
            {
                int count = source.IsVector ? source.Parameter.Columns : source.Parameter.Rows;
                for (int row = own.SkippedRows; row < count; row++)
                    origins[own.FileRow(row - own.SkippedRows)] = (source, row);
            }

            if (Array.Exists(origins, o => o.Part is null))
                throw new InvalidOperationException($"{group.Key}: some of its {rows} rows come from no part of the model.");
            int layers = (model.Spec.Decoder ?? model.Spec.Encoder)!.Layers.Count;
            bool head = first.Path == "head" || (first.Path == "embed" && model.Spec.Head.Tied);
            bool plain = first.IsVector || StaysPlain(first.Path);
            GgmlType type = plain ? GgmlType.F32 : mix.TypeOf(first.Path, layers, columns, head);
            ImmutableArray<long> shape = [.. place.FileShape(rows, first.IsVector ? null : columns)];
            yield return new GgufTensor(place.Name, type, shape, columns, first.IsVector, place.Form, origins)
            {
                Tiles = place.ColumnTiles,
            };
        }
    }

    /// <summary>
    /// Tables that are added or looked at row by row, filters and routers: small, and read by no quantised product.
    /// </summary>
    private static bool StaysPlain(string path) => path.Split('.').Any(part => part is "positions" or "types" or "relative_bias"
        or "router" or "shared_gate" or "convolution" or "log_rates");

    private static GgufTensorReport Append(GgufWriter writer, GgufTensor tensor)
    {
        (double error, double power) = (0, 0);
        int columns = tensor.Columns;
        int rowBytes = (int)tensor.Type.RowBytes(columns);
        float[] values = new float[Math.Min(RowsAtOnce, tensor.Origins.Length) * columns];
        byte[] bytes = new byte[values.Length / columns * rowBytes];
        float[] decoded = new float[values.Length];
        string?[] failures = new string?[values.Length / columns];
        for (int first = 0; first < tensor.Origins.Length; first += RowsAtOnce)
        {
            int rows = Math.Min(RowsAtOnce, tensor.Origins.Length - first);
            Parallel.For(0, rows, row =>
            {
                Span<float> own = values.AsSpan(row * columns, columns);
                tensor.Read(first + row, own);
                Span<byte> to = bytes.AsSpan(row * rowBytes, rowBytes);
                try
                {
                    Encode(tensor.Type, own, to);
                    Decode(tensor.Type, to, decoded.AsSpan(row * columns, columns));
                }
                catch (ArgumentException failure)
                {
                    failures[row] = failure.Message;
                }
            });
            if (Array.FindIndex(failures, f => f is not null) is >= 0 and int bad)
                throw new ArgumentException($"{tensor.Name}, row {first + bad}: {failures[bad]}");
            for (int i = 0; i < rows * columns; i++)
            {
                error += ((double)decoded[i] - values[i]) * ((double)decoded[i] - values[i]);
                power += (double)values[i] * values[i];
            }

            writer.Append(tensor.Name, bytes.AsSpan(0, rows * rowBytes));
        }

        return new GgufTensorReport(
            tensor.Name, tensor.Shape, tensor.Type, (long)tensor.Origins.Length * rowBytes,
            power == 0 ? 0 : Math.Sqrt(error / power));
    }

    private static void Encode(GgmlType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        if (type.ToDataType() is { } stored && SixteenBits.FirstOverflow(values, stored) is >= 0 and int at)
            throw new ArgumentException($"value {at} is {values[at]}, {CheckpointWriter.TooLarge(stored)}.");
        switch (type)
        {
            case GgmlType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case GgmlType.F16:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                    halves[i] = SixteenBits.ToHalf(values[i]);
                break;
            case GgmlType.BF16:
                Span<ushort> upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                    upper[i] = SixteenBits.ToBFloat16(values[i]);
                break;
            default:
                type.ToBlockType()!.Value.Encode(values, bytes);
                break;
        }
    }

    private static unsafe void Decode(GgmlType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        fixed (byte* from = bytes)
            GgufRows.Read(type, from, values);
    }
}
