using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>GGUF files of the hub, of ollama's store and of folders; and what other programs left in the cache.</summary>
public sealed class ModelHubGgufTests : IDisposable
{
    private readonly TempFolder _source = new();
    private readonly TempFolder _cache = new();
    private readonly TempFolder _home = new();

    public void Dispose()
    {
        _source.Dispose();
        _cache.Dispose();
        _home.Dispose();
    }

    [Theory]
    [InlineData("owner/model:Q8_0", "m-Q8_0.gguf")]
    [InlineData("owner/model:q8_0", "m-Q8_0.gguf")]
    [InlineData("hf.co/owner/model:Q8_0", "m-Q8_0.gguf")]
    [InlineData("huggingface.co/owner/model:Q8_0", "m-Q8_0.gguf")]
    [InlineData("https://huggingface.co/owner/model:Q8_0", "m-Q8_0.gguf")]
    [InlineData("owner/model@main:Q8_0", "m-Q8_0.gguf")]
    [InlineData("owner/model:m-Q8_0.gguf", "m-Q8_0.gguf")]
    [InlineData("owner/model:Q4_K_M", "m-Q4_K_M.gguf")]
    [InlineData("owner/model", "m-Q4_K_M.gguf")]
    [InlineData("owner/model:latest", "m-Q4_K_M.gguf")]
    [InlineData("owner/model:UD-Q4_K_M", "m-UD-Q4_K_M.gguf")]
    [InlineData("owner/model:BF16", "big/m-BF16-00001-of-00002.gguf")]
    [InlineData("owner/model:big/m-BF16-00002-of-00002.gguf", "big/m-BF16-00001-of-00002.gguf")]
    public async Task A_tag_or_a_name_picks_the_file(string name, string expected)
    {
        Repository("m-Q4_K_M.gguf", "m-UD-Q4_K_M.gguf", "m-Q8_0.gguf", "mmproj-F16.gguf", "m.imatrix.gguf", "big/m-BF16-00001-of-00002.gguf", "big/m-BF16-00002-of-00002.gguf");
        using var server = new TinyHub(_source.Path);
        string path = await Hub(server).ResolveAsync(name);
        Assert.Equal(_cache.File($"models--owner--model/snapshots/{TinyHub.Commit}/{expected}"), path);
        Assert.Equal(File.ReadAllText(_source.File(expected)), File.ReadAllText(path));
        string[] fetched = [.. server.Requests.Where(request => request.Contains("/resolve/", StringComparison.Ordinal)).Select(request => request.Split('/')[^1])];
        Assert.Equal(expected.StartsWith("big/", StringComparison.Ordinal) ? ["m-BF16-00001-of-00002.gguf", "m-BF16-00002-of-00002.gguf"] : [expected], fetched);
        int asked = server.Requests.Count;
        Assert.Equal(path, await Hub(server).ResolveAsync(name));
        Assert.Equal(asked, server.Requests.Count);
        Assert.Equal(path, await Hub(server, offline: true).ResolveAsync(name));
    }

    [Fact]
    public async Task The_only_file_needs_no_tag_and_safetensors_come_first()
    {
        Repository("m-IQ3_XS.gguf", "mmproj-F16.gguf");
        using (var server = new TinyHub(_source.Path))
            Assert.EndsWith("m-IQ3_XS.gguf", await Hub(server).ResolveAsync("owner/model"));
        Repository("config.json", "model.safetensors");
        using (var server = new TinyHub(_source.Path))
        {
            // Of the cache alone the GGUF file would be all there is: the hub is asked, and has more.
            Assert.EndsWith(TinyHub.Commit, await Hub(server).ResolveAsync("owner/model"));
            Assert.EndsWith("m-IQ3_XS.gguf", await Hub(server).ResolveAsync("owner/model:IQ3_XS"));
        }
    }

    [Fact]
    public async Task Without_a_hub_the_file_that_is_there_will_do()
    {
        Repository("m-Q8_0.gguf");
        using var server = new TinyHub(_source.Path);
        string path = await Hub(server).ResolveAsync("owner/model");
        server.Dispose();
        Assert.Equal(path, await Hub(server).ResolveAsync("owner/model"));
        Assert.Equal(path, await Hub(server, offline: true).ResolveAsync("owner/model"));
    }

    [Theory]
    [InlineData("owner/model", "none is Q4_K_M", "m-Q5_0.gguf, m-Q8_0.gguf")]
    [InlineData("owner/model:Q2_K", "called Q2_K", "m-Q5_0.gguf, m-Q8_0.gguf")]
    [InlineData("owner/model:0", "2 GGUF models there are called 0", "m-Q5_0.gguf, m-Q8_0.gguf")]
    [InlineData("owner/model:x.gguf", "called x.gguf", "m-Q5_0.gguf, m-Q8_0.gguf")]
    public async Task What_is_not_there_is_answered_with_what_is(string name, string problem, string list)
    {
        Repository("m-Q8_0.gguf", "m-Q5_0.gguf");
        using var server = new TinyHub(_source.Path);
        ModelNotFoundException failure = await Assert.ThrowsAsync<ModelNotFoundException>(() => Hub(server).ResolveAsync(name));
        Assert.Contains(problem, failure.Message);
        Assert.Contains(list, failure.Message);
    }

    [Fact]
    public async Task Other_formats_and_broken_splits_are_named()
    {
        Repository("config.json", "pytorch_model.bin");
        using (var server = new TinyHub(_source.Path))
            Assert.Contains(".bin", (await Assert.ThrowsAsync<ModelNotFoundException>(() => Hub(server).ResolveAsync("owner/model"))).Message);
        Repository("m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf");
        using (var server = new TinyHub(_source.Path))
        {
            string message = (await Assert.ThrowsAsync<ModelNotFoundException>(() => Hub(server).ResolveAsync("owner/model:Q8_0"))).Message;
            Assert.Contains("of the 3 files", message);
            Assert.Contains("2 are there", message);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_another_program_left_in_part_is_finished(bool withIndex)
    {
        Repository("config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        File.WriteAllText(_source.File("model.safetensors.index.json"),
            """{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}""");
        using var server = new TinyHub(_source.Path);
        string folder = await Hub(server).ResolveAsync("owner/model");

        // As it is after a download that was broken off: a link to a blob that is not there, or no link.
        string second = Path.Combine(folder, "model-00002-of-00002.safetensors");
        File.Delete(new FileInfo(second).ResolveLinkTarget(true)!.FullName);
        if (!withIndex)
        {
            File.Delete(second);
            File.Delete(Path.Combine(folder, "model.safetensors.index.json"));
        }

        string message = (await Assert.ThrowsAsync<ModelNotFoundException>(() => Hub(server, offline: true).ResolveAsync("owner/model"))).Message;
        Assert.Contains("model-00002-of-00002.safetensors is missing", message);
        Assert.Contains("HF_HUB_OFFLINE", message);
        message = (await Assert.ThrowsAsync<InvalidModelNameException>(() => Hub(server).ResolveAsync(_cache.File("models--owner--model")))).Message;
        Assert.Contains("model-00002-of-00002.safetensors", message);
        Assert.Contains("seriatim pull owner/model", message);
        int asked = server.Requests.Count;
        Assert.Equal(folder, await Hub(server).ResolveAsync("owner/model"));
        Assert.Contains(server.Requests.Skip(asked), request => request.EndsWith("model-00002-of-00002.safetensors", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Requests.Skip(asked), request => request.EndsWith("model-00001-of-00002.safetensors", StringComparison.Ordinal));
        Assert.Equal(File.ReadAllText(_source.File("model-00002-of-00002.safetensors")), File.ReadAllText(second));
        Assert.Equal(folder, await Hub(server).ResolveAsync(_cache.File("models--owner--model") + "/"));
    }

    [Fact]
    public async Task A_split_that_is_there_in_part_is_finished()
    {
        Repository("m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf");
        using var server = new TinyHub(_source.Path);
        string path = await Hub(server).ResolveAsync("owner/model:Q8_0");
        string second = path.Replace("00001-of", "00002-of", StringComparison.Ordinal);
        File.Delete(second);
        Assert.Contains("1 are there", (await Assert.ThrowsAsync<ModelNotFoundException>(() => Hub(server, offline: true).ResolveAsync("owner/model:Q8_0"))).Message);
        Assert.Equal(path, await Hub(server).ResolveAsync("owner/model:Q8_0"));
        Assert.True(File.Exists(second));
    }

    [Fact]
    public async Task A_folder_whose_only_model_is_a_gguf_file_is_that_file()
    {
        using var server = new TinyHub(_source.Path);
        Repository("m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf", "mmproj-F16.gguf", "README.md");
        Assert.Equal(_source.File("m-Q8_0-00001-of-00002.gguf"), await Hub(server).ResolveAsync(_source.Path));
        File.Delete(_source.File("m-Q8_0-00002-of-00002.gguf"));
        Assert.Contains("of the 2 files", (await Assert.ThrowsAsync<InvalidModelNameException>(() => Hub(server).ResolveAsync(_source.Path))).Message);
        Repository("m-Q8_0-00002-of-00002.gguf", "m-Q5_0.gguf");
        string message = (await Assert.ThrowsAsync<InvalidModelNameException>(() => Hub(server).ResolveAsync(_source.Path))).Message;
        Assert.Contains("m-Q5_0.gguf, m-Q8_0-00001-of-00002.gguf", message);
        Assert.Contains("path of one of them", message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_model_of_ollamas_store_opens_by_its_name_and_by_its_blob()
    {
        TinyModels.WriteLlama(_source.Path);
        string blob = _home.File("blobs/sha256-" + new string('a', 64)), manifest = _home.File("manifests/registry.ollama.ai/library/tiny/1b");
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        Directory.CreateDirectory(Path.GetDirectoryName(manifest)!);
        Directory.CreateDirectory(_home.File("manifests/hf.co/owner/model"));
        ModelConverter.ToGguf(_source.Path, _home.File("m.gguf"), QuantizationMix.Parse("f32"));
        File.Move(_home.File("m.gguf"), blob);
        const string Layers = """{"layers": [{"mediaType": "application/vnd.ollama.image.LAYER", "digest": "sha256:DIGEST"}, {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:x"}]}""";
        string Manifest(string layer, char digest) => Layers.Replace("LAYER", layer, StringComparison.Ordinal).Replace("DIGEST", new string(digest, 64), StringComparison.Ordinal);
        File.WriteAllText(manifest, Manifest("model", 'a'));
        File.WriteAllText(_home.File("manifests/hf.co/owner/model/Q8_0"), Manifest("model", 'a'));
        File.WriteAllText(manifest + "-gone", Manifest("model", 'b'));
        File.WriteAllText(manifest + "-adapter", Manifest("adapter", 'a'));
        File.WriteAllText(manifest + "-broken", "{");
        var hub = new ModelHub(new ModelHubOptions { CacheFolder = _cache.Path, Offline = true, Environment = name => name == "OLLAMA_MODELS" ? _home.Path : null });
        Assert.Equal(blob, await hub.ResolveAsync("tiny:1b"));
        Assert.Equal(blob, await hub.ResolveAsync("library/tiny:1b"));
        Assert.Equal(blob, await hub.ResolveAsync("hf.co/owner/model:Q8_0"));
        using (LanguageModel model = await LanguageModel.OpenAsync(blob, new LanguageModelOptions { Hub = hub, Threads = 1 }))
            Assert.Single((await model.CompleteAsync("the cat", new() { MaxNewTokens = 1 })).Choices);
        Assert.Contains("ollama pull tiny:1b-gone", (await Assert.ThrowsAsync<ModelNotFoundException>(() => hub.ResolveAsync("tiny:1b-gone"))).Message);
        Assert.Contains("adapter", (await Assert.ThrowsAsync<InvalidModelNameException>(() => hub.ResolveAsync("tiny:1b-adapter"))).Message);
        Assert.Contains("manifest", (await Assert.ThrowsAsync<InvalidModelNameException>(() => hub.ResolveAsync("tiny:1b-broken"))).Message);
        await Assert.ThrowsAsync<InvalidModelNameException>(() => hub.ResolveAsync("tiny:7b"));
        await Assert.ThrowsAsync<InvalidModelNameException>(() => hub.ResolveAsync("..:1b"));
    }

    private void Repository(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_source.File(name))!);
            File.WriteAllText(_source.File(name), $"content of {name}");
        }
    }

    private ModelHub Hub(TinyHub server, bool offline = false) => new(new ModelHubOptions
    {
        CacheFolder = _cache.Path,
        Endpoint = server.Address,
        Offline = offline,
        Clock = new InstantTime(),
        Environment = name => name == "OLLAMA_MODELS" ? _home.Path : null,
    });
}
