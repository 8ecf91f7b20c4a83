using System.Text.Json;

namespace Seriatim.Models;

/// <summary>
/// A matrix as bitsandbytes stores 4 bits (nf4, fp4): indices into a table of 16 numbers, the first of two neighbours in the high
/// half of a byte, and a largest value for each block of the flat matrix; these may be bytes of a second table with scales and an
/// offset of their own.
/// </summary>
internal sealed class LookupMatrix : CodedMatrix
{
    private readonly SafetensorsEntry _codes;
    private readonly float[] _table, _largest;
    private readonly int _block;

    private LookupMatrix(SafetensorsEntry codes, float[] table, float[] largest, int block) =>
        (_codes, _table, _largest, _block) = (codes, table, largest, block);

    /// <summary>Reads the parts of a matrix.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the matrix.</param>
    /// <returns>Null if the checkpoint has no such matrix.</returns>
    public static LookupMatrix? Find(CodedTensors tensors, string name)
    {
        if (tensors.Find(name) is not { Type: SafetensorsType.U8 } codes)
            return null;
        SafetensorsEntry state = tensors.Find($"{name}.quant_state.bitsandbytes__nf4")
            ?? tensors.Find($"{name}.quant_state.bitsandbytes__fp4")
            ?? tensors.Need($"{name}.quant_state.bitsandbytes__nf4", codes);
        State read = State.Read(state);
        SafetensorsEntry table = CodedTensors.RequireShape(tensors.Need($"{name}.quant_map", codes), "a table of 4 bits", 16);
        long blocks = ((long)read.Rows * read.Columns + read.Block - 1) / read.Block;
        string why = $"{name} of [{read.Rows}, {read.Columns}] in blocks of {read.Block}";
        SafetensorsEntry largest = CodedTensors.RequireShape(tensors.Need($"{name}.absmax", codes), why, blocks);
        if (codes.ElementCount != ((long)read.Rows * read.Columns + 1) / 2)
            CodedTensors.RequireShape(codes, why, ((long)read.Rows * read.Columns + 1) / 2, 1);
        List<string> used = [name, state.Name, table.Name, largest.Name];
        float[] values = largest.Type == SafetensorsType.U8
            ? Nested(tensors, name, read, largest, used)
            : CodedTensors.ReadFloats(largest);
        return new LookupMatrix(codes, CodedTensors.ReadFloats(table), values, read.Block)
        {
            Name = name,
            Tensors = used,
            Rows = read.Rows,
            Columns = read.Columns,
            InWords = $"bitsandbytes {read.Kind}, blocks of {read.Block}",
        };
    }

    /// <inheritdoc/>
    public override void ReadRow(int row, Span<float> values)
    {
        ReadOnlySpan<byte> codes = CodedTensors.Bytes(_codes);
        long first = (long)row * Columns;
        for (int column = 0; column < values.Length; column++)
        {
            long at = first + column;
            int code = codes[(int)(at / 2)] >> (at % 2 == 0 ? 4 : 0) & 15;
            values[column] = _table[code] * _largest[at / _block];
        }
    }

    private static float[] Nested(CodedTensors tensors, string name, State read, SafetensorsEntry largest, List<string> used)
    {
        SafetensorsEntry table = CodedTensors.RequireShape(tensors.Need($"{name}.nested_quant_map", largest),
            "a table of 8 bits", 256);
        SafetensorsEntry outer = CodedTensors.RequireShape(tensors.Need($"{name}.nested_absmax", largest),
            $"{largest.Name} of [{largest.ElementCount}] in blocks of {read.NestedBlock}",
            (largest.ElementCount + read.NestedBlock - 1) / read.NestedBlock);
        used.AddRange([table.Name, outer.Name]);
        (float[] steps, float[] scales) = (CodedTensors.ReadFloats(table), CodedTensors.ReadFloats(outer));
        ReadOnlySpan<byte> codes = CodedTensors.Bytes(largest);
        float[] values = new float[codes.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = steps[codes[i]] * scales[i / read.NestedBlock] + read.NestedOffset;
        return values;
    }

    /// <summary>The JSON that lies in a tensor beside each matrix.</summary>
    private sealed record State(string Kind, int Rows, int Columns, int Block, int NestedBlock, float NestedOffset)
    {
        public static State Read(SafetensorsEntry entry)
        {
            using JsonDocument json = LenientJson.Parse(CodedTensors.Bytes(entry).ToArray(), $"{entry.File.Path}, {entry.Name}");
            JsonElement root = json.RootElement;
            int Number(string key) => root.TryGetProperty(key,
                out JsonElement value) && value.TryGetInt32(out int number) && number > 0
                ? number
                : throw Bad(entry, $"{key} is missing or no positive integer");
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("shape", out JsonElement shape)
                || shape.ValueKind != JsonValueKind.Array || shape.GetArrayLength() != 2
                || !shape[0].TryGetInt32(out int rows) || !shape[1].TryGetInt32(out int columns) || rows < 1 || columns < 1)
                throw Bad(entry, "shape is missing or no list of two integers");
            string kind = root.TryGetProperty("quant_type", out JsonElement type) ? $"{type}" : "";
            bool nested = root.TryGetProperty("nested_blocksize", out _);
            return new State(kind, rows, columns, Number("blocksize"), nested ? Number("nested_blocksize") : 1,
                nested && root.TryGetProperty("nested_offset", out JsonElement offset) ? offset.GetSingle() : 0);
        }

        private static CheckpointMismatchException Bad(SafetensorsEntry entry, string problem) =>
            new(entry.File.Path, [entry.Name], $"{entry.Name}: {problem}. Download the checkpoint again.");
    }
}
