namespace Seriatim.Conformance.Tests;

/// <summary>Damaged variants of good files: loaded, or refused with a typed error; never a crash, a hang or a large allocation.</summary>
public sealed class GgufFuzzTests : IDisposable
{
    private const int Kilobyte = 1024;
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("seriatim-fuzz-").FullName, "damaged.gguf");

    public static IEnumerable<object[]> Files => GgufCases.Models.Where(row => row[0] is GgufCases.Missing
        || Path.GetFileName((string)row[0]) is "control-valid" or "tiny-q2_k" or "tiny-q4_k_m" or "tiny-tq1_0");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [GgufTheory]
    [MemberData(nameof(Files))]
    public void TruncationAtEveryKilobyteIsRefused(string name)
    {
        byte[] bytes = File.ReadAllBytes(name + ".gguf");
        for (int length = 0; length < bytes.Length - 64; length += Kilobyte)
        {
            File.WriteAllBytes(_file, bytes[..length]);
            Exception failure = Assert.ThrowsAny<Exception>(() => Load(name));
            Assert.True(failure is ModelFormatException or ModelException, $"{length} bytes: {failure}");
        }
    }

    [GgufTheory]
    [MemberData(nameof(Files))]
    public void FlippedBitsAreReadOrRefused(string name)
    {
        byte[] bytes = File.ReadAllBytes(name + ".gguf");
        int header = HeaderLength(name);
        var random = new Random(17);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. bytes];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
                damaged[random.Next(header)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_file, damaged);
            Exception? failure = Record.Exception(() => Load(name));
            Assert.True(failure is null or ModelFormatException or ModelException, $"variant {i}: {failure}");
        }
    }

    [GgufTheory]
    [MemberData(nameof(Files))]
    public void FlippedWeightsAreComputedWith(string name)
    {
        byte[] bytes = File.ReadAllBytes(name + ".gguf");
        int header = HeaderLength(name);
        var random = new Random(18);
        IOps ops = OpsUnderTest.Get("cpu-512");
        for (int i = 0; i < 10; i++)
        {
            byte[] damaged = [.. bytes];
            for (int flips = 0; flips < 200; flips++)
                damaged[random.Next(header, bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_file, damaged);
            using Model model = Model.Load(_file);
            float[][] logits = Runs.DecoderLogits(model, ops, [[1, 5, 9]]);
            Assert.Equal(3 * model.Spec.Last.Vocabulary, logits[0].Length);
        }
    }

    /// <summary>Loads the damaged file, with a bound on what that may allocate: mapped, so that matrices are not counted.</summary>
    private void Load(string name)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using Model model = Model.Load(_file, new ModelLoadOptions { Placement = WeightPlacement.Mapped });
        }
        finally
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 16 * new FileInfo(name + ".gguf").Length + (4 << 20), $"{allocated} bytes were allocated");
        }
    }

    private static int HeaderLength(string name)
    {
        using GgufFile file = GgufFile.Open(name + ".gguf");
        return (int)file.Entries.Min(e => e.Offset);
    }
}
