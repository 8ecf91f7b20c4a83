using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Seriatim.Formats.Tests;

/// <summary>Whatever is done to the bytes of a good file, it either opens and can be read whole, or is refused by type.</summary>
public sealed class HostileFileTests
{
    private const int Cases = 3000;

    private static readonly Config Fixed =
        Config.QuickThrowOnFailure.WithReplay(20_260_101UL, 7UL).WithMaxTest(Cases).WithQuietOnSuccess(true);

    [Fact]
    public void DamagedSafetensorsFiles()
    {
        using var folder = new TempFolder();
        using (var writer = SafetensorsWriter.Create(
            folder["good"],
            [
                new("layers.0.weight", SafetensorsType.F32, [3, 5]), new("layers.0.bias", SafetensorsType.BF16, [5]),
                new("ids", SafetensorsType.I64, [2, 2]), new("mask", SafetensorsType.Bool, [7]), new("none", SafetensorsType.F16, [0, 4]),
            ],
            new Dictionary<string, string> { ["format"] = "pt", ["größe"] = "\"x\"" }))
        {
            writer.Append("layers.0.weight", new byte[60]);
            writer.Append("layers.0.bias", new byte[10]);
            writer.Append("ids", new byte[32]);
            writer.Append("mask", new byte[7]);
            writer.Complete();
        }
        CheckDamaged(folder, ReadSafetensors);
    }

    [Fact]
    public void DamagedGgufFiles()
    {
        using var folder = new TempFolder();
        KeyValuePair<string, object>[] metadata =
        [
            new("general.architecture", "llama"), new("general.alignment", 32u), new("llama.block_count", 2u), new("eps", 1e-5f),
            new("tokens", new[] { "<s>", "▁a", "b", "" }), new("scores", new[] { 0f, -1f }), new("types", new[] { 1, 3 }),
            new("nested", new Array[] { new[] { true, false }, new[] { new ulong[] { 1 } } }), new("add_bos", true),
        ];
        using (var writer = GgufWriter.Create(
            folder["good"],
            metadata,
            [new("token_embd.weight", GgmlType.Q8_0, [4, 32]), new("norm.weight", GgmlType.F32, [9]), new("k", GgmlType.Q4_K, [2, 256])]))
        {
            writer.Append("token_embd.weight", new byte[4 * 34]);
            writer.Append("norm.weight", new byte[36]);
            writer.Append("k", new byte[288]);
            writer.Complete();
        }
        CheckDamaged(folder, ReadGguf);
    }

    [Fact]
    public void DamagedJsonFiles()
    {
        using var folder = new TempFolder();
        folder.Write(
            "good",
            """{"a": [1, -2.5e3, NaN, -Infinity], "b": {"c": "größe \u00e9 \ud83d\ude00 \\ \" ", "d": null}, "e": true, "f": [[], {}]}""");
        CheckDamaged(folder, path =>
        {
            using var document = LenientJson.Parse(path);
            Walk(document.RootElement);
        });

        static void Walk(System.Text.Json.JsonElement element)
        {
            if (element.ValueKind == System.Text.Json.JsonValueKind.Object)
            {
                foreach (var property in element.EnumerateObject())
                {
                    Assert.NotNull(property.Name);
                    Walk(property.Value);
                }
            }
            else if (element.ValueKind == System.Text.Json.JsonValueKind.Array)
            {
                foreach (var item in element.EnumerateArray())
                    Walk(item);
            }
            else if (element.ValueKind == System.Text.Json.JsonValueKind.String)
            {
                Assert.NotNull(element.GetString());
            }
        }
    }

    [SharedTheory]
    [InlineData("golden/gguf/tiny-q2_k.gguf")]
    [InlineData("golden/gguf/negative/control-valid.gguf")]
    [InlineData("golden/llama-mha/model.safetensors")]
    public void GoldenFilesCutAtEveryKilobyteAreRefused(string relative)
    {
        var good = File.ReadAllBytes(Shared.Path(relative));
        using var folder = new TempFolder();
        Action<string> read = relative.EndsWith(".gguf", StringComparison.Ordinal) ? ReadGguf : ReadSafetensors;
        read(Shared.Path(relative));
        var cut = folder.Write("cut", good);
        // From the end, so that the file need not be written again for each length.
        for (var length = (good.Length - 1) / 1024 * 1024; length >= 0; length -= 1024)
        {
            using (var stream = File.OpenWrite(cut))
                stream.SetLength(length);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<ModelFormatException>(() => OpenShared(cut, relative));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Refusal.MostAllocated);
        }
    }

    private static void OpenShared(string path, string kind)
    {
        if (kind.EndsWith(".gguf", StringComparison.Ordinal))
            GgufFile.Open(path).Dispose();
        else
            SafetensorsFile.Open(path).Dispose();
    }

    private static void CheckDamaged(TempFolder folder, Action<string> read)
    {
        var good = File.ReadAllBytes(folder["good"]);
        var bad = folder["bad"];
        read(folder["good"]);
        var (opened, refused) = (0, 0);
        Prop.ForAll(Mutation.Several, mutations =>
        {
            File.WriteAllBytes(bad, Mutation.Apply(good, mutations));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(bad);
                opened++;
            }
            catch (ModelFormatException)
            {
                refused++;
            }
            return GC.GetAllocatedBytesForCurrentThread() - before < Refusal.MostAllocated;
        }).Check(Fixed);
        // Both outcomes must occur, or the mutations test nothing.
        Assert.True(opened > Cases / 100 && refused > Cases / 4, $"{opened} opened, {refused} refused");
    }

    private static void ReadSafetensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var sum = 0L;
        foreach (var entry in file.Entries)
        {
            foreach (var value in file.Bytes(entry))
                sum += value;
            Assert.Equal(entry.ElementCount, file.ReadF32(entry).Length);
        }
        Assert.InRange(sum, 0, long.MaxValue);
    }

    private static void ReadGguf(string path)
    {
        using var file = GgufCheckpoint.Open(path);
        var sum = 0L;
        foreach (var entry in file.Entries)
        {
            foreach (var value in file.Bytes(entry))
                sum += value;
            Assert.NotEmpty(entry.ToString());
            Assert.InRange(entry.RowBytes, 0, long.MaxValue);
        }
        Assert.InRange(sum, 0, long.MaxValue);
        Assert.All(file.Metadata.Values, Assert.NotNull);
    }
}
