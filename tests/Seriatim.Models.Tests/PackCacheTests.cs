namespace Seriatim.Models.Tests;

/// <summary>
/// Packed weights kept on the disk: the next start reads them and has the same bits; what is damaged, cut off or another's is
/// noticed and made anew.
/// </summary>
public sealed class PackCacheTests : IDisposable
{
    private readonly TempFolder _folder = new(), _cache = new();

    public PackCacheTests() => TinyLlama.Write(_folder.Path);

    public void Dispose()
    {
        _folder.Dispose();
        _cache.Dispose();
    }

    private string File => Assert.Single(Directory.GetFiles(_cache.Path));

    [Fact]
    public void The_second_start_reads_what_the_first_one_kept()
    {
        float[] expected = Values(null);
        Assert.Equal(expected, Values(_cache.Path));
        byte[] kept = System.IO.File.ReadAllBytes(File);
        DateTime written = System.IO.File.GetLastWriteTimeUtc(File);
        Assert.Equal(expected, Values(_cache.Path));
        Assert.Equal((kept.Length, written), (new FileInfo(File).Length, System.IO.File.GetLastWriteTimeUtc(File)));
        Assert.DoesNotContain(Directory.GetFiles(_cache.Path), file => file.EndsWith(".tmp", StringComparison.Ordinal));

        // That it is read shows a value that was changed there, between the samples that are looked at.
        float first = expected[20];
        int at = Enumerable.Range(4096 / 4, kept.Length / 4 - 4096 / 4)
            .First(i => BitConverter.ToSingle(kept, 4 * i) == first) * 4;
        Assert.True(at % 4096 >= 64);
        BitConverter.GetBytes(12345f).CopyTo(kept, at);
        System.IO.File.WriteAllBytes(File, kept);
        Assert.Contains(12345f, Values(_cache.Path));
    }

    [Theory]
    [InlineData("sample")]
    [InlineData("header")]
    [InlineData("cut")]
    [InlineData("empty")]
    [InlineData("foreign")]
    [InlineData("noise")]
    public void What_is_damaged_is_made_anew(string damage)
    {
        float[] expected = Values(_cache.Path);
        byte[] kept = System.IO.File.ReadAllBytes(File), other = [.. kept];
        switch (damage)
        {
            case "sample": other[4096 * (1 + kept.AsSpan(0, 4096).LastIndexOfAnyExcept((byte)0) / 4096)] ^= 1; break;
            case "header": other[100] ^= 1; break;
            case "cut": other = other[..^4096]; break;
            case "empty": other = []; break;
            case "noise": new Random(1).NextBytes(other); break;
            default:
                // The file of another model under this one's name.
                using (var second = new TempFolder())
                using (var secondCache = new TempFolder())
                {
                    using (Model model = TinyLlama.Create(TinyLlama.With(("num_hidden_layers", 1))))
                        CheckpointWriter.Write(model, second.Path);
                    Model.Load(second.Path, new ModelLoadOptions { PackCache = secondCache.Path }).Dispose();
                    other = System.IO.File.ReadAllBytes(Assert.Single(Directory.GetFiles(secondCache.Path)));
                }

                break;
        }

        Assert.False(other.AsSpan().SequenceEqual(kept));
        System.IO.File.WriteAllBytes(File, other);
        Assert.Equal(expected, Values(_cache.Path));
        Assert.Equal(kept, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void Another_checkpoint_has_a_file_of_its_own()
    {
        Values(_cache.Path);
        string first = File;
        TinyLlama.Write(_folder.Path, tensor => tensor with { Values = [.. tensor.Values.Select(v => 2 * v)] });
        float[] doubled = Values(null);
        Assert.Equal(doubled, Values(_cache.Path));
        Assert.Equal(2, Directory.GetFiles(_cache.Path).Length);
        Assert.Contains(first, Directory.GetFiles(_cache.Path));

        // Opened to F32 or not is two ways to load a file.
        Model.Load(_folder.Path, new ModelLoadOptions { PackCache = _cache.Path, Storage = WeightStorage.F32 }).Dispose();
        Assert.Equal(3, Directory.GetFiles(_cache.Path).Length);
    }

    [Fact]
    public void Blocks_of_files_come_back_with_their_bits()
    {
        string file = Path.Combine(_folder.Path, "small.gguf");
        using (Model model = TinyLlama.Create(TinyLlama.With(("hidden_size", 64), ("intermediate_size", 96))))
        {
            GgufModelWriter.Write(model, file, QuantizationMix.Parse("q4_0", pure: true), "tiny",
                new Dictionary<string, object>());
        }
        foreach (int _ in new[] { 1, 2 })
        {
            using Model plain = Model.Load(file);
            using Model kept = Model.Load(file, new ModelLoadOptions { PackCache = _cache.Path });
            Assert.NotEmpty(kept.Matrices);
            Assert.Equal(plain.Matrices.Count, kept.Matrices.Count);
            Assert.Equal(plain.TensorUses, kept.TensorUses);
            for (int i = 0; i < plain.Matrices.Count; i++)
            {
                float[] expected = new float[plain.Matrices[i].Columns], actual = new float[expected.Length];
                for (int row = 0; row < plain.Matrices[i].Rows; row++)
                {
                    plain.Matrices[i].ReadRow(row, expected);
                    kept.Matrices[i].ReadRow(row, actual);
                    Assert.Equal(expected, actual);
                }
            }

            Assert.Equal(Logits(plain), Logits(kept));
        }
    }

    [Fact]
    public void Progress_is_told_to_its_end()
    {
        foreach (string? cache in (string?[])[null, _cache.Path, _cache.Path])
        {
            var told = new List<double>();
            Model.Load(_folder.Path, new ModelLoadOptions { PackCache = cache, Progress = new Told(told) }).Dispose();
            Assert.Equal(told.Order(), told);
            Assert.Equal(1, told[^1], 1e-9);
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        string file = Path.Combine(_cache.Path, "a-file");
        System.IO.File.WriteAllText(file, "");
        var failure = Assert.ThrowsAny<IOException>(() => Model.Load(_folder.Path, new ModelLoadOptions { PackCache = file }));
        Assert.Contains(file, failure.Message);
    }

    private float[] Values(string? cache)
    {
        using Model model = Model.Load(_folder.Path, new ModelLoadOptions { PackCache = cache });
        return [.. CheckpointExporter.Data(model.Parameters).SelectMany(tensor => tensor.Values)];
    }

    private static float[] Logits(Model model)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        RaggedBatch batch = new RaggedBatchBuilder().Add([1, 5, 7], outputs: Outputs.All).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden);
        return logits.ToArray();
    }

    private sealed class Told(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
