namespace Seriatim.Formats.Tests;

public sealed class GgufCheckpointTests
{
    private static string Split(TempFolder folder, int number, int count, object? total, params string[] tensors)
    {
        var path = folder[$"model-{number + 1:00000}-of-{count:00000}.gguf"];
        var metadata = new List<KeyValuePair<string, object>> { new("split.no", (ushort)number), new("split.count", (ushort)count) };
        if (number == 0)
            metadata.Insert(0, new("general.name", "split"));
        if (total is not null)
            metadata.Add(new("split.tensors.count", total));
        using var writer = GgufWriter.Create(path, metadata, tensors.Select(name => new GgufTensorSpec(name, GgmlType.I8, [1])));
        foreach (var name in tensors)
            writer.Append(name, [(byte)name[0]]);
        writer.Complete();
        return path;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ASplitOpensFromAnyOfItsFiles(int named)
    {
        using var folder = new TempFolder();
        string[] paths = [Split(folder, 0, 3, 3), Split(folder, 1, 3, 3, "b", "a"), Split(folder, 2, 3, 3, "c")];
        using var checkpoint = GgufCheckpoint.Open(paths[named]);
        Assert.Equal(["b", "a", "c"], checkpoint.Entries.Select(entry => entry.Name));
        Assert.Equal(paths, checkpoint.Files.Select(file => file.Path));
        Assert.Equal("split", checkpoint.Metadata["general.name"]);
        Assert.Equal("c"u8.ToArray(), checkpoint.Bytes(checkpoint["c"]).ToArray());
        Assert.True(checkpoint.TryGet("a", out _));
        Assert.Throws<ModelFormatException>(() => checkpoint["d"]);
    }

    [SharedFact]
    public void AFileThatIsNotSplitOpens()
    {
        using var checkpoint = GgufCheckpoint.Open(Shared.Path("golden", "gguf", "tiny-q8_0.gguf"));
        Assert.Single(checkpoint.Files);
        Assert.Equal(21, checkpoint.Entries.Count);
    }

    [Fact]
    public void AMissingFileOfASplitIsNamed()
    {
        using var folder = new TempFolder();
        var path = Split(folder, 1, 3, null, "b");
        Split(folder, 0, 3, null, "a");
        Refusal.Of(folder["model-00003-of-00003.gguf"], () => GgufCheckpoint.Open(path).Dispose(), "no such file");
    }

    [Fact]
    public void SplitsThatDisagreeAreRefused()
    {
        using var folder = new TempFolder();
        var first = Split(folder, 0, 2, 2, "a");
        var second = Split(folder, 1, 2, 2, "a");
        Refusal.Of(second, () => GgufCheckpoint.Open(first).Dispose(), "'a'", first);
        Split(folder, 1, 2, 2, "b", "c");
        Refusal.Of(first, () => GgufCheckpoint.Open(first).Dispose(), "split.tensors.count", "2", "3");
        File.Copy(first, second, overwrite: true);
        Refusal.Of(second, () => GgufCheckpoint.Open(first).Dispose(), "file 1 of 2", "file 2 of 2");
        File.Copy(first, folder["renamed.gguf"]);
        Refusal.Of(folder["renamed.gguf"], () => GgufCheckpoint.Open(folder["renamed.gguf"]).Dispose(), "-00001-of-00002.gguf");
        var beyond = Split(folder, 4, 3, 2, "z");
        Refusal.Of(beyond, () => GgufCheckpoint.Open(beyond).Dispose(), "file 5 of a split of 3");
        var odd = Split(folder, 0, 1, "many");
        Refusal.Of(odd, () => GgufCheckpoint.Open(odd).Dispose(), "split.tensors.count", "String");
        var negative = Split(folder, 0, 1, -5L);
        Refusal.Of(negative, () => GgufCheckpoint.Open(negative).Dispose(), "-5");
    }
}
