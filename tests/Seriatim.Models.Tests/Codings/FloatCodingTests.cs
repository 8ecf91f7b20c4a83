using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>
/// Checkpoints with 8-bit and 4-bit floats and with tables of 4 bits, written by loops that know nothing of ours: every matrix
/// has the values that its bytes and scales mean.
/// </summary>
public sealed class FloatCodingTests
{
    private static readonly float[] Fours = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];

    [Theory]
    [InlineData("block", "F32")]
    [InlineData("powers", "BF16")]
    [InlineData("row", "F32")]
    [InlineData("one", "F32")]
    [InlineData("e5m2", "F32")]
    public void Eight_bit_floats_are_opened(string kind, string used)
    {
        string block = kind is "block" or "powers" ? ", \"weight_block_size\": [48, 40]" : "";
        using var folder = new CodedFolder(
            $$"""{"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "{{(kind == "e5m2"
                ? "e5m2" : "e4m3")}}"{{block}}}""",
            (stem, rows, columns) => Eight(stem, rows, columns, kind));
        folder.Check(used, opened: true);
    }

    [Fact]
    public void Scales_of_activations_are_left_by_name()
    {
        using var folder = new CodedFolder("""{"quant_method": "fp8", "activation_scheme": "static"}""", (stem, rows, columns) =>
        {
            CodedSample sample = Eight(stem, rows, columns, "one");
            return sample with { Tensors = [.. sample.Tensors, RawTensor.Of($"{stem}.input_scale", [1], [0.5f])] };
        });
        folder.Check("F32", opened: true);
        using Model model = Model.Load(folder.Folder);
        Assert.Equal(7, model.SkippedTensors.Count);
        Assert.All(model.SkippedTensors, skipped => Assert.Equal("activations are not rounded to 8-bit floats", skipped.Reason));
    }

    [Fact]
    public void Scales_that_are_missing_or_too_few_are_named()
    {
        using var missing = new CodedFolder("""{"quant_method": "fp8"}""", (stem, rows, columns) => Eight(stem, rows, columns,
            "one"),
            tensor => tensor.Name.EndsWith("k_proj.weight_scale", StringComparison.Ordinal) ? null : tensor);
        Assert.Contains("k_proj.weight_scale, without which it says nothing, is missing",
            Assert.Throws<CheckpointMismatchException>(() => Model.Load(missing.Folder)).Message);
        using var few = new CodedFolder("""{"quant_method": "fp8", "weight_block_size": [16, 16]}""",
            (stem, rows, columns) => Eight(stem, rows, columns, "block"));
        Assert.Contains("is [2, 2]; model.layers.0.self_attn.q_proj.weight of [64, 64] in blocks of [16, 16] needs [4, 4]",
            Assert.Throws<CheckpointMismatchException>(() => Model.Load(few.Folder)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mxfp4_is_multiplied_as_it_is(bool split)
    {
        using var folder = new CodedFolder("""{"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}""",
            (stem, rows, columns) => MxFp4(stem, rows, columns, split));
        folder.Check("MXFP4 blocks", opened: false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nvfp4_is_multiplied_with_the_scale_of_the_whole(bool compressed)
    {
        string section = compressed
            ? IntegerCodingTests.Compressed("nvfp4-pack-quantized", 4)
            : """{"quant_method": "modelopt", "quant_algo": "NVFP4", "producer": {"name": "modelopt", "version": "0.29"}, "group_size": 16}""";
        using var folder = new CodedFolder(section, (stem, rows, columns) => NvFp4(stem, rows, columns, compressed));
        folder.Check("NVFP4 blocks", opened: false);
        using Model model = Model.Load(folder.Folder);
        Assert.All(model.Matrices, matrix => Assert.NotEqual(1, matrix.Scale));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nf4_is_opened(bool nested)
    {
        using var folder = new CodedFolder(
            """{"quant_method": "bitsandbytes", "load_in_4bit": true, "bnb_4bit_quant_type": "nf4", "llm_int8_threshold": 6.0}""",
            (stem, rows, columns) => Nf4(stem, rows, columns, nested));
        folder.Check("F32", opened: true);
    }

    [Fact]
    public void Eight_bits_of_bitsandbytes_are_opened()
    {
        using var folder = new CodedFolder("""{"quant_method": "bitsandbytes", "load_in_8bit": true}""", (stem, rows, columns) =>
        {
            var random = new Random(rows + stem.Length);
            sbyte[] codes = [.. Enumerable.Range(0, rows * columns).Select(_ => (sbyte)random.Next(-127, 128))];
            float[] largest = [.. Enumerable.Range(0, rows).Select(_ => (float)random.NextDouble())];
            return new CodedSample(
                [RawTensor.Raw($"{stem}.weight", [rows, columns], [.. codes.Select(c => (byte)c)], SafetensorsType.I8),
                    RawTensor.Of($"{stem}.SCB", [rows], largest), RawTensor.Raw($"{stem}.weight_format", [], [0])],
                [.. codes.Select((code, i) => code * largest[i / columns] / 127)]);
        });
        folder.Check("F32", opened: true);
    }

    [Fact]
    public void A_state_that_is_damaged_is_named()
    {
        using var folder = new CodedFolder("""{"quant_method": "bitsandbytes", "load_in_4bit": true}""",
            (stem, rows, columns) => Nf4(stem, rows, columns, false),
            tensor => !tensor.Name.EndsWith("nf4", StringComparison.Ordinal) ? tensor : tensor with
            {
                Shape = [2],
                Bytes = "{}"u8.ToArray(),
            });
        Assert.Contains("q_proj.weight.quant_state.bitsandbytes__nf4: shape is missing",
            Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Folder)).Message);
    }

    private static CodedSample Eight(string stem, int rows, int columns, string kind)
    {
        var random = new Random(stem.Length * 7 + columns);
        bool fine = kind != "e5m2";

        // Every pattern that is a number, both signs, subnormal ones too.
        byte[] bytes = [.. Enumerable.Range(0, rows * columns).Select(_ => (byte)(random.Next(fine
            ? 0x7F : 0x7C) | random.Next(2) << 7))];
        (int blockRows, int blockColumns) = kind switch
        {
            "row" => (1, columns),
            "one" or "e5m2" => (rows, columns),
            _ => (48,
            40)
        };
        (int down, int across) = ((rows + blockRows - 1) / blockRows, (columns + blockColumns - 1) / blockColumns);
        float[] scales = [.. Enumerable.Range(0, down * across).Select(i => kind == "powers" ? MathF.Pow(2,
            i % 5 - 9) : 0.00123f * (i + 1))];
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            values[i] = Float8(bytes[i], fine ? 3 : 2) * scales[row / blockRows * across + column / blockColumns];
        }

        long[] shape = kind switch { "one" => [], "e5m2" => [1], _ => [down, across] };
        return new CodedSample(
            [RawTensor.Raw($"{stem}.weight", [rows, columns], bytes, fine ? SafetensorsType.F8E4M3 : SafetensorsType.F8E5M2),
                RawTensor.Of($"{stem}.weight_scale{(kind is "block" or "powers" ? "_inv" : "")}", shape, scales)],
            values);
    }

    /// <summary>A sign, then 7 bits of exponent and fraction, as a sum of powers of two.</summary>
    private static float Float8(byte bits, int fraction)
    {
        int exponent = (bits & 0x7F) >> fraction, part = bits & ((1 << fraction) - 1), bias = (1 << (6 - fraction)) - 1;
        double value = exponent == 0
            ? part * Math.Pow(2, 1 - bias - fraction)
            : (part + (1 << fraction)) * Math.Pow(2, exponent - bias - fraction);
        return (float)(bits >= 0x80 ? -value : value);
    }

    private static float Four(int code) => code >= 8 ? -Fours[code - 8] : Fours[code];

    private static CodedSample MxFp4(string stem, int rows, int columns, bool split)
    {
        var random = new Random(stem.Length + columns);
        byte[] codes = new byte[rows * columns / 2], scales = new byte[rows * columns / 32];
        random.NextBytes(codes);
        for (int i = 0; i < scales.Length; i++)
            scales[i] = (byte)random.Next(110, 130);
        float[] values = [.. Enumerable.Range(0, rows * columns)
            .Select(i => Four(codes[i / 2] >> (4 * (i % 2)) & 15) * MathF.Pow(2, scales[i / 32] - 127))];
        return new CodedSample(
            [RawTensor.Raw($"{stem}.weight_blocks", split ? [rows, columns / 32, 16] : [rows, columns / 2], codes),
                RawTensor.Raw($"{stem}.weight_scales", [rows, columns / 32], scales)],
            values);
    }

    private static CodedSample NvFp4(string stem, int rows, int columns, bool compressed)
    {
        var random = new Random(stem.Length * 3 + rows);
        byte[] codes = new byte[rows * columns / 2], scales = new byte[rows * columns / 16];
        random.NextBytes(codes);
        for (int i = 0; i < scales.Length; i++)
            scales[i] = (byte)random.Next(0, 0x7F);
        float stored = compressed ? 1234.5f : 0.00321f, whole = compressed ? 1 / stored : stored;
        float[] values = [.. Enumerable.Range(0, rows * columns)
            .Select(i => Four(codes[i / 2] >> (4 * (i % 2)) & 15) * Float8(scales[i / 16], 3) * whole)];
        string name = compressed ? "weight_packed" : "weight", extra = compressed ? "weight_global_scale" : "weight_scale_2";
        return new CodedSample(
            [RawTensor.Raw($"{stem}.{name}", [rows, columns / 2], codes),
                RawTensor.Raw($"{stem}.weight_scale", [rows, columns / 16], scales, SafetensorsType.F8E4M3),
                RawTensor.Of($"{stem}.{extra}", compressed ? [1] : [], [stored]),
                RawTensor.Of($"{stem}.{(compressed ? "input_global_scale" : "input_scale")}", [1], [0.5f])],
            values);
    }

    private static CodedSample Nf4(string stem, int rows, int columns, bool nested)
    {
        const int Block = 64, NestedBlock = 256;
        var random = new Random(stem.Length * 5 + columns);
        float[] table = [.. Enumerable.Range(0, 16).Select(i => MathF.Tanh((i - 7) * 0.31f))];
        byte[] codes = new byte[rows * columns / 2];
        random.NextBytes(codes);
        int blocks = rows * columns / Block;
        byte[] steps = new byte[blocks];
        random.NextBytes(steps);
        float[] outer = [.. Enumerable.Range(0,
            (blocks + NestedBlock - 1) / NestedBlock).Select(_ => 0.01f + (float)random.NextDouble() * 0.02f)];
        float[] outerTable = [.. Enumerable.Range(0, 256).Select(i => (i - 127) / 128f)];
        const float Offset = 0.0371f;
        float[] largest = [.. Enumerable.Range(0, blocks).Select(i => nested
            ? outerTable[steps[i]] * outer[i / NestedBlock] + Offset
            : 0.01f + (float)random.NextDouble())];
        float[] values = [.. Enumerable.Range(0, rows * columns)
            .Select(i => table[i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15] * largest[i / Block])];
        string state = $$"""{"quant_type": "nf4", "blocksize": {{Block}}, "dtype": "bfloat16", "shape": [{{rows}}, {{columns}}]"""
            + (nested ? $$""", "nested_blocksize": {{NestedBlock}}, "nested_dtype": "float32", "nested_offset": {{Offset}}}"""
                : "}");
        byte[] json = Encoding.UTF8.GetBytes(state);
        string name = $"{stem}.weight";
        List<RawTensor> tensors =
        [
            RawTensor.Raw(name, [rows * columns / 2, 1], codes),
            RawTensor.Of($"{name}.quant_map", [16], table),
            RawTensor.Raw($"{name}.quant_state.bitsandbytes__nf4", [json.Length], json),
        ];
        if (!nested)
            return new CodedSample([.. tensors, RawTensor.Of($"{name}.absmax", [blocks], largest)], values);
        return new CodedSample([.. tensors, RawTensor.Raw($"{name}.absmax", [blocks], steps),
            RawTensor.Of($"{name}.nested_quant_map", [256], outerTable), RawTensor.Of($"{name}.nested_absmax", [outer.Length],
                outer)], values);
    }
}
