using System.Text;

namespace Seriatim.Formats.Tests;

/// <summary>A clone without Git LFS has small texts in place of large files; each reader says so.</summary>
public sealed class GitLfsPointerTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 988097824\n";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model-Q8_0.gguf")]
    [InlineData("config.json")]
    [InlineData("model.safetensors.index.json")]
    public void IsNamedWithBothSizesAndWhatToDo(string name)
    {
        string path = Path.Combine(_folder.Root, name);
        File.WriteAllText(path, Pointer);
        string message = Assert.Throws<ModelFormatException>(() => Open(path)).Message;
        Assert.Equal($"{path}: is a Git LFS pointer ({Pointer.Length} bytes), the real file has 988097824 bytes; run `git lfs pull` in {_folder.Root}.", message);
    }

    [Fact]
    public void AShardOfAFolderIsNamed()
    {
        File.WriteAllText(Path.Combine(_folder.Root, "model.safetensors"), Pointer.Replace("\n", "\r\n"));
        Assert.Contains("is a Git LFS pointer", Assert.Throws<ModelFormatException>(() => SafetensorsCheckpoint.Open(_folder.Root)).Message);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", true, "a size it does not say")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize -5\n", true, "a size it does not say")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 99999999999999999999999\n", true, "a size it does not say")]
    [InlineData("version 3 of a text about git-lfs", false, "")]
    [InlineData("{}", false, "")]
    [InlineData("", false, "")]
    public void OnlyPointersArePointers(string text, bool isPointer, string says)
    {
        ModelFormatException? error = Record.Exception(() => GitLfsPointer.ThrowIfPointer("file", Encoding.UTF8.GetBytes(text))) as ModelFormatException;
        Assert.Equal(isPointer, error is not null);
        Assert.Contains(says, error?.Message ?? "");
    }

    [Fact]
    public void ALongTextIsNone() => GitLfsPointer.ThrowIfPointer("file", Encoding.UTF8.GetBytes(Pointer + new string('x', 2000)));

    [Fact]
    public void AFileIntoAMissingFolderNamesTheFolder()
    {
        string folder = Path.Combine(_folder.Root, "missing");
        var error = Assert.Throws<DirectoryNotFoundException>(() => GgufWriter.Create(Path.Combine(folder, "a.gguf"), [], []));
        Assert.Equal($"{folder}: there is no such folder to write a.gguf into. Make it first.", error.Message);
        Assert.Contains("is a folder", Assert.Throws<IOException>(() => GgufWriter.Create(_folder.Root, [], [])).Message);
    }

    private static void Open(string path)
    {
        if (path.EndsWith(".gguf", StringComparison.Ordinal))
            GgufFile.Open(path).Dispose();
        else if (path.EndsWith(".json", StringComparison.Ordinal))
            LenientJson.Parse(path).Dispose();
        else
            SafetensorsFile.Open(path).Dispose();
    }
}
