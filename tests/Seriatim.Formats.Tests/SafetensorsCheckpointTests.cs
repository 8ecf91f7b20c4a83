using static Seriatim.Formats.Tests.SafetensorsBytes;

namespace Seriatim.Formats.Tests;

public sealed class SafetensorsCheckpointTests
{
    private const string One = "model-00001-of-00002.safetensors";
    private const string Two = "model-00002-of-00002.safetensors";

    private static TempFolder Sharded(string index)
    {
        var folder = new TempFolder();
        folder.Write(One, Make("{" + Entry("a", "U8", "2", "0,2") + "," + Entry("b", "F32", "1", "2,6") + "}", [1, 2, 0, 0, 128, 63]));
        folder.Write(Two, Make("{" + Entry("c", "I64", "1", "0,8") + "}", [9, 0, 0, 0, 0, 0, 0, 0]));
        folder.Write(SafetensorsCheckpoint.IndexFileName, "{\"metadata\":{\"total_size\":14},\"weight_map\":" + index + "}");
        return folder;
    }

    [Fact]
    public void TensorsAreFoundAcrossShards()
    {
        using var folder = Sharded($$"""{"a":"{{One}}","c":"{{Two}}","b":"{{One}}"}""");
        using var checkpoint = SafetensorsCheckpoint.Open(folder.Root);
        Assert.Equal(["a", "b", "c"], checkpoint.Entries.Select(entry => entry.Name));
        Assert.Equal(2, checkpoint.Files.Count);
        Assert.Equal([1, 2], checkpoint.Bytes(checkpoint["a"]).ToArray());
        Assert.Equal([1f], checkpoint.ReadF32(checkpoint["b"]));
        var id = new long[1];
        checkpoint.ReadI64(checkpoint["c"], id);
        Assert.Equal(9, id[0]);
        Assert.True(checkpoint.TryGet("c", out var found));
        Assert.Equal(Two, Path.GetFileName(found.File.Path));
        Assert.Throws<ModelFormatException>(() => checkpoint["d"]);
    }

    [SharedFact]
    public void AFolderWithOneFileOpens()
    {
        using var checkpoint = SafetensorsCheckpoint.Open(Shared.Path("models", "stories260K"));
        Assert.Single(checkpoint.Files);
        Assert.True(checkpoint.TryGet("model.embed_tokens.weight", out _));
    }

    [Fact]
    public void ASingleFilePathOpens()
    {
        using var folder = Sharded("{}");
        using var checkpoint = SafetensorsCheckpoint.Open(folder[Two]);
        Assert.Equal("c", Assert.Single(checkpoint.Entries).Name);
    }

    [Theory]
    [InlineData("missing shard", $$"""{"a":"{{One}}","b":"{{One}}","c":"{{Two}}","d":"model-3.safetensors"}""", "'model-3.safetensors'")]
    [InlineData("missing tensor", $$"""{"a":"{{One}}","b":"{{One}}","c":"{{Two}}","d":"{{Two}}"}""", "'d'")]
    [InlineData("wrong shard", $$"""{"a":"{{One}}","b":"{{Two}}","c":"{{Two}}"}""", "'b'")]
    [InlineData("unlisted tensor", $$"""{"a":"{{One}}","c":"{{Two}}"}""", "'b'")]
    [InlineData("listed twice", $$"""{"a":"{{One}}","b":"{{One}}","a":"{{Two}}","c":"{{Two}}"}""", "'a'")]
    [InlineData("path", """{"a":"../x.safetensors"}""", "'../x.safetensors'")]
    [InlineData("windows path", """{"a":"..\\x"}""", "'..\\x'")]
    [InlineData("parent", """{"a":".."}""", "'..'")]
    [InlineData("empty name", """{"a":""}""", "''")]
    [InlineData("number", """{"a":3}""", "'a'")]
    [InlineData("nothing", "{}", "weight_map")]
    [InlineData("array", "[]", "weight_map")]
    public void BadIndexesAreRefused(string what, string index, string mention)
    {
        Assert.NotEmpty(what);
        using var folder = Sharded(index);
        var path = folder[SafetensorsCheckpoint.IndexFileName];
        Refusal.Of(path, () => SafetensorsCheckpoint.Open(folder.Root).Dispose(), mention);
    }

    [Fact]
    public void ATensorInTwoShardsIsRefused()
    {
        using var folder = Sharded($$"""{"a":"{{One}}","b":"{{One}}","c":"{{Two}}"}""");
        File.Copy(folder[One], folder[Two], overwrite: true);
        Refusal.Of(folder[Two], () => SafetensorsCheckpoint.Open(folder.Root).Dispose(), "'a'", One);
    }

    [Fact]
    public void FoldersWithoutWeightsAreRefused()
    {
        using var folder = new TempFolder();
        Refusal.Of(folder.Root, () => SafetensorsCheckpoint.Open(folder.Root).Dispose(), SafetensorsCheckpoint.SingleFileName);
        Refusal.Of(folder["none"], () => SafetensorsCheckpoint.Open(folder["none"]).Dispose(), "no such folder");
    }
}
