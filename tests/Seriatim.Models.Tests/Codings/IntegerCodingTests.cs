namespace Seriatim.Models.Tests;

/// <summary>
/// Checkpoints of GPTQ, AWQ and compressed-tensors, packed by loops that know nothing of ours: every matrix has the values, and
/// the blocks, that its codes, zeros and scales mean. The numbers have no symmetry that a swapped order would survive.
/// </summary>
public sealed class IntegerCodingTests
{
    private static readonly int[] AwqOrder = [0, 2, 4, 6, 1, 3, 5, 7];

    [Theory]
    [InlineData(4, false, 32, "gptq", "Q5_0 blocks", false)]
    [InlineData(4, false, -1, "gptq_v2", "Q5_0 blocks", false)]
    [InlineData(4, true, 32, "gptq", "Q4_0 blocks", false)]
    [InlineData(3, false, 64, "gptq", "Q4_0 blocks", false)]
    [InlineData(2, false, 32, "gptq_v2", "Q4_0 blocks", false)]
    [InlineData(8, true, 32, "gptq", "Q8_0 blocks", false)]
    [InlineData(8, false, 32, "gptq", "F32", true)]
    [InlineData(4, false, 16, "gptq", "F32", true)]
    public void Gptq_is_read(int bits, bool symmetric, int group, string format, string used, bool opened)
    {
        using var folder = new CodedFolder(
            $$"""{"quant_method": "gptq", "bits": {{bits}}, "group_size": {{group}}, "desc_act": false, "checkpoint_format": "{{format}}"}""",
            (stem, rows, columns) => Gptq(stem, rows, columns, bits, group, symmetric, format == "gptq" ? 1 : 0, order: false));
        folder.Check(used, opened);
    }

    [Fact]
    public void Gptq_in_the_order_of_importance_is_opened()
    {
        using var folder = new CodedFolder("""{"quant_method": "gptq", "bits": 4, "group_size": 16, "desc_act": true}""",
            (stem, rows, columns) => Gptq(stem, rows, columns, 4, 16, false, 1, order: true));
        folder.Check("F32", opened: true);
        using Model model = Model.Load(folder.Folder);
        Assert.Contains(model.TensorUses, use => use.Stored == "GPTQ, 4 bits, groups of 16 in the order of importance");
    }

    [Fact]
    public void Awq_is_read_in_its_order()
    {
        using var folder = new CodedFolder(
            """{"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": true, "version": "gemm", "modules_to_not_convert": null}""",
            Awq);
        folder.Check("Q5_0 blocks", opened: false);
    }

    [Theory]
    [InlineData(4, 32, true, "Q4_0 blocks", false)]
    [InlineData(4, 32, false, "Q5_0 blocks", false)]
    [InlineData(8, -1, true, "Q8_0 blocks", false)]
    [InlineData(3, 64, true, "Q4_0 blocks", false)]
    public void Packed_integers_of_compressed_tensors_are_read(int bits, int group, bool symmetric, string used, bool opened)
    {
        using var folder = new CodedFolder(Compressed("pack-quantized", bits), (stem, rows, columns) => Packed(stem, rows,
            columns, bits, group, symmetric));
        folder.Check(used, opened);
    }

    [Theory]
    [InlineData(false, "Q8_0 blocks", false)]
    [InlineData(true, "F32", true)]
    public void Bytes_of_compressed_tensors_are_read(bool finer, string used, bool opened)
    {
        using var folder = new CodedFolder(Compressed("int-quantized", 8), (stem, rows, columns) =>
        {
            var random = new Random(stem.Length);
            sbyte[] codes = [.. Enumerable.Range(0, rows * columns).Select(_ => (sbyte)random.Next(-128, 128))];

            // Scales of more digits than a binary16 has.
            float[] scales = [.. Enumerable.Range(0, rows).Select(r => (finer ? 1.0001f : 1f) * (r + 3) / 1024)];
            return new CodedSample(
                [RawTensor.Raw($"{stem}.weight", [rows, columns], [.. codes.Select(c => (byte)c)], SafetensorsType.I8),
                    RawTensor.Of($"{stem}.weight_scale", [rows, 1], scales)],
                [.. codes.Select((code, i) => scales[i / columns] * code)]);
        });
        folder.Check(used, opened);
    }

    [Theory]
    [InlineData("q_proj.scales", "q_proj.scales, without which it says nothing, is missing")]
    [InlineData("q_proj.qzeros", "q_proj.qzeros, without which it says nothing, is missing")]
    public void A_missing_part_is_named(string part, string message)
    {
        using var folder = new CodedFolder("""{"quant_method": "gptq", "bits": 4, "group_size": 32}""",
            (stem, rows, columns) => Gptq(stem, rows, columns, 4, 32, false, 1, order: false),
            tensor => tensor.Name.EndsWith(part, StringComparison.Ordinal) ? null : tensor);
        Assert.Contains(message, Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Folder)).Message);
    }

    [Fact]
    public void Parts_of_wrong_lengths_are_named_with_both()
    {
        using var folder = new CodedFolder("""{"quant_method": "gptq", "bits": 4, "group_size": 16}""",
            (stem, rows, columns) => Gptq(stem, rows, columns, 4, 32, false, 1, order: false));
        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Folder)).Message;
        Assert.Contains("is [2, 8]; model.layers.0.self_attn.q_proj.qweight [8, 64] with 4 bits and groups of 16 needs [4, 8]",
            message);
    }

    [Fact]
    public void Words_of_other_widths_are_named_with_both()
    {
        using var folder = new CodedFolder(Compressed("pack-quantized", 8), (stem, rows, columns) => Packed(stem, rows, columns,
            4, 32, true));
        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Folder)).Message;
        Assert.Contains("is [64, 8] for a matrix of [64, 64]; the config's 8 bits need [64, 16]", message);
    }

    [Fact]
    public void A_group_that_is_not_there_is_named()
    {
        using var folder = new CodedFolder("""{"quant_method": "gptq", "bits": 4, "group_size": 16, "desc_act": true}""",
            (stem, rows, columns) => Gptq(stem, rows, columns, 4, 16, false, 1, order: true),
            tensor => !tensor.Name.EndsWith("g_idx", StringComparison.Ordinal) ? tensor : tensor with
            {
                Bytes = [.. tensor.Bytes[..^4], 9, 0, 0, 0],
            });
        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Folder)).Message;
        Assert.Contains("puts input 63 into group 9 of 4", message);
    }

    [Theory]
    [InlineData("""{"quant_method": "hqq", "nbits": 4}""", "quantization_config.quant_method is \"hqq\"; one of gptq, awq,")]
    [InlineData("""{"quant_method": "awq", "bits": 4, "version": "gemv"}""",
        "quantization_config.version is \"gemv\"; \"gemm\" is needed")]
    [InlineData("""{"quant_method": "awq", "bits": 8}""", "quantization_config.bits is 8; 4 is needed")]
    [InlineData("""{"quant_method": "gptq", "bits": 5}""", "quantization_config.bits is 5; 2, 3, 4 or 8 is needed")]
    [InlineData("""{"quant_method": "gptq"}""", "quantization_config.bits is missing")]
    [InlineData("""{"quant_method": "gptq", "bits": 4, "group_size": 0}""", "quantization_config.group_size is 0")]
    [InlineData("""{"quant_method": "gptq", "bits": 4, "dynamic": {"a": {}}}""", "quantization_config.dynamic")]
    [InlineData("""{"quant_method": "gptq", "bits": 4, "a_key_of_tomorrow": 1}""", "quantization_config.a_key_of_tomorrow (1)")]
    [InlineData("""{"quant_method": "compressed-tensors", "format": "marlin-24"}""",
        "quantization_config.format is \"marlin-24\"")]
    [InlineData("""{"bits": 4}""", "quantization_config")]
    public void A_config_that_cannot_be_honoured_is_refused(string section, string message)
    {
        var failure = Assert.Throws<UnsupportedConfigException>(() =>
            TinyLlama.Create(TinyLlama.With(("quantization_config", System.Text.Json.Nodes.JsonNode.Parse(section)))));
        Assert.Contains(message, failure.Message);
    }

    [Fact]
    public void Coded_tensors_without_a_section_are_said_to_be()
    {
        using var folder = new CodedFolder(null, Awq);
        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Folder)).Message;
        Assert.Contains("q_proj.qweight, and the config no quantization_config", message);
    }

    [Fact]
    public void What_is_written_again_is_plain()
    {
        using var folder = new CodedFolder("""{"quant_method": "awq", "bits": 4, "group_size": 32}""", Awq);
        using var copy = new TempFolder();
        using (Model model = Model.Load(folder.Folder, new ModelLoadOptions { Storage = WeightStorage.F32 }))
            CheckpointWriter.Write(model, copy.Path);
        Assert.DoesNotContain("quantization_config", File.ReadAllText(Path.Combine(copy.Path, "config.json")));
        using Model again = Model.Load(copy.Path);
        float[] row = new float[64];
        again.Parameters.Single(p => p.Place.Name == "model.layers.0.self_attn.v_proj.weight").Parameter.ReadRow(5, row);
        Assert.Equal(folder.Values["model.layers.0.self_attn.v_proj.weight"].Skip(5 * 64).Take(64), row);
    }

    internal static string Compressed(string format, int bits) => $$"""
        {"quant_method": "compressed-tensors", "format": "{{format}}", "quantization_status": "compressed", "ignore": ["lm_head"],
        "config_groups": {"group_0": {"targets": ["Linear"], "input_activations": null, "output_activations": null,
        "weights": {"num_bits": {{bits}}, "type": "int", "symmetric": true, "strategy": "group", "group_size": 32,
            "dynamic": false,
        "observer": "minmax", "observer_kwargs": {} } } }, "kv_cache_scheme": null, "sparsity_config": {},
            "transform_config": {} }
        """;

    private static CodedSample Gptq(string stem, int rows, int columns, int bits, int group, bool symmetric, int less, bool order)
    {
        var random = new Random(stem.Length * 31 + rows);
        int size = group < 0 ? columns : group, groups = columns / size, top = 1 << bits;
        int[,] codes = new int[columns, rows], zeros = new int[groups, rows];
        float[] scales = new float[groups * rows];
        int[] groupOf = [.. Enumerable.Range(0, columns).Select(c => order ? (c * 7 + 3) % groups : c / size)];
        for (int g = 0; g < groups; g++)
        {
            for (int r = 0; r < rows; r++)
            {
                zeros[g, r] = symmetric ? top / 2 : less + random.Next(top);
                scales[g * rows + r] = (float)(Half)((1 + random.NextDouble()) * 0.01 * (r % 3 == 0 ? -1 : 1));
            }
        }

        float[] values = new float[rows * columns];
        for (int c = 0; c < columns; c++)
        {
            for (int r = 0; r < rows; r++)
            {
                codes[c, r] = random.Next(top);
                values[r * columns + c] = scales[groupOf[c] * rows + r] * (codes[c, r] - zeros[groupOf[c], r]);
            }
        }

        // Codes down the columns, zeros along the rows.
        uint[] words = new uint[columns * bits / 32 * rows], packedZeros = new uint[groups * (rows * bits / 32)];
        for (int r = 0; r < rows; r++)
        {
            for (int bit = 0; bit < columns * bits; bit++)
                words[bit / 32 * rows + r] |= (uint)(codes[bit / bits, r] >> (bit % bits) & 1) << (bit % 32);
        }

        for (int g = 0; g < groups; g++)
        {
            for (int bit = 0; bit < rows * bits; bit++)
                packedZeros[g * (rows * bits / 32) + bit / 32] |= (uint)((zeros[g,
                    bit / bits] - less) >> (bit % bits) & 1) << (bit % 32);
        }

        return new CodedSample(
            [RawTensor.Words($"{stem}.qweight", [columns * bits / 32, rows], words),
                RawTensor.Words($"{stem}.qzeros", [groups, rows * bits / 32], packedZeros),
                RawTensor.Halves($"{stem}.scales", [groups, rows], scales),
                RawTensor.Words($"{stem}.g_idx", [columns], [.. groupOf.Select(g => (uint)g)])],
            values);
    }

    private static CodedSample Awq(string stem, int rows, int columns)
    {
        const int Size = 32;
        var random = new Random(stem.Length * 17 + columns);
        int groups = columns / Size;
        float[] scales = [.. Enumerable.Range(0, groups * rows).Select(_ => (float)(Half)(0.01 + random.NextDouble() * 0.02))];
        int[] zeros = [.. Enumerable.Range(0, groups * rows).Select(_ => random.Next(16))];
        uint[] words = new uint[columns * rows / 8], packedZeros = new uint[groups * rows / 8];
        float[] values = new float[rows * columns];
        for (int word = 0; word < words.Length; word++)
        {
            (int c, int eight) = int.DivRem(word, rows / 8);
            for (int place = 0; place < 8; place++)
            {
                int r = eight * 8 + AwqOrder[place], code = random.Next(16), at = c / Size * rows + r;
                words[word] |= (uint)code << (4 * place);
                values[r * columns + c] = scales[at] * (code - zeros[at]);
            }
        }

        for (int word = 0; word < packedZeros.Length; word++)
        {
            for (int place = 0; place < 8; place++)
                packedZeros[word] |= (uint)zeros[word * 8 + AwqOrder[place]] << (4 * place);
        }

        return new CodedSample(
            [RawTensor.Words($"{stem}.qweight", [columns, rows / 8], words),
                RawTensor.Words($"{stem}.qzeros", [groups, rows / 8], packedZeros),
                RawTensor.Halves($"{stem}.scales", [groups, rows], scales)],
            values);
    }

    private static CodedSample Packed(string stem, int rows, int columns, int bits, int group, bool symmetric)
    {
        var random = new Random(stem.Length * 13 + bits);
        int size = group < 0 ? columns : group, groups = columns / size, half = 1 << (bits - 1),
            wordsOfRow = (columns * bits + 31) / 32;
        int zeroWords = (rows * bits + 31) / 32;
        float[] scales = [.. Enumerable.Range(0, rows * groups).Select(i => (7 + i % 9) / 1024f)];
        int[] zeros = [.. Enumerable.Range(0, rows * groups).Select(_ => symmetric ? 0 : random.Next(-half, half))];
        uint[] words = new uint[rows * wordsOfRow], packedZeros = new uint[zeroWords * groups];
        float[] values = new float[rows * columns];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                int code = random.Next(-half, half);
                for (int b = 0; b < bits; b++)
                    words[r * wordsOfRow + (c * bits + b) / 32] |= (uint)((code + half) >> b & 1) << ((c * bits + b) % 32);
                values[r * columns + c] = scales[r * groups + c / size] * (code - zeros[r * groups + c / size]);
            }

            for (int g = 0; g < groups; g++)
            {
                for (int b = 0; b < bits; b++)
                    packedZeros[(r * bits + b) / 32 * groups + g] |= (uint)((zeros[r * groups + g]
                        + half) >> b & 1) << ((r * bits + b) % 32);
            }
        }

        RawTensor[] tensors =
        [
            RawTensor.Words($"{stem}.weight_packed", [rows, wordsOfRow], words),
            RawTensor.Raw($"{stem}.weight_shape", [2], [.. BitConverter.GetBytes((long)rows),
                .. BitConverter.GetBytes((long)columns)], SafetensorsType.I64),
            RawTensor.BFloats($"{stem}.weight_scale", [rows, groups], scales),
        ];
        return new CodedSample(
            symmetric ? tensors : [.. tensors, RawTensor.Words($"{stem}.weight_zero_point", [zeroWords, groups], packedZeros)],
                values);
    }
}
