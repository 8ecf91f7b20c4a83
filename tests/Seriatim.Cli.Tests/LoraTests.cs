using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tests;

namespace Seriatim.Cli.Tests;

/// <summary>Adapters by the command line: generate with one, also over processes, and serve them by name.</summary>
public sealed class LoraTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public LoraTests()
    {
        TinyModels.WriteLlama(Model);
        TinyAdapters.Write(Adapter, 1);
    }

    private string Model => Directory.CreateDirectory(Path.Combine(_folder, "model")).FullName;

    private string Adapter => Path.Combine(_folder, "adapter");

    private string[] Generate =>
        ["generate", "-m", Model, "-p", "the cat", "-n", "20", "--temp", "0", "--ignore-eos", "--json", "-t", "1"];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Generate_gives_the_tokens_of_the_library()
    {
        (int code, string output, string error) = Cli.Run([.. Generate, "--lora", Adapter]);
        Assert.True(code == 0, error);
        Assert.NotEqual(Ids(Cli.Run(Generate).Output), Ids(output));
        using LanguageModel model = await LanguageModel.OpenAsync(Model);
        model.AddAdapter(new AdapterFile { Name = "x", Path = Adapter });
        GenerationResult result = await model.CompleteAsync(model.Request("the cat") with
        {
            MaxNewTokens = 20,
            Adapter = "x",
            Sampling = SamplingOptions.Greedy,
            IgnoreEndIds = true,
        });
        Assert.Equal(result.Choices[0].TokenIds, Ids(output));
    }

    [MpiFact]
    public void So_it_does_with_layers_in_two_processes_and_a_wrong_one_ends_both()
    {
        (int code, string output, string error) = Mpirun.Run(["-np", "2", .. Mpirun.Program, .. Generate, "--lora", Adapter]);
        Assert.True(code == 0, error);
        Assert.Equal(Ids(Cli.Run([.. Generate, "--lora", Adapter]).Output), Ids(output));
        TinyAdapters.Write(Adapter, 1, width: 48);
        (code, output, error) = Mpirun.Run(["-np", "2", .. Mpirun.Program, .. Generate, "--lora", Adapter]);
        Assert.NotEqual(0, code);
        Assert.Empty(output);
        Assert.Contains("[3, 32] is needed", error);
    }

    [Fact]
    public void What_is_no_adapter_is_said()
    {
        Says(1, "there is no such folder", [.. Generate, "--lora", "nowhere"]);
        Says(1, "has no adapter_config.json", [.. Generate, "--lora", Model]);
        Says(1, "GGUF adapters are not read", [.. Generate, "--lora", Path.Combine(Adapter, "adapter_config.json")]);
        Says(2, "none is given", "serve", "--lora-modules", $"x={Adapter}");
        Says(2, "NAME=FOLDER is needed", "serve", "-m", Model, "--lora-modules", Adapter);
        Says(2, "one:x=", "serve", "--port", "0", "-m", $"{Model}=one", "-m", $"{Model}=two", "--lora-modules", $"x={Adapter}");
        Says(1, "there is no such folder", "serve", "--port", "0", "-m", Model, "--lora-modules", "x=nowhere");
        TinyAdapters.Write(Adapter, 1, more: ", \"use_dora\": true");
        Says(1, "use_dora is true", [.. Generate, "--lora", Adapter]);

        static void Says(int expected, string why, params string[] args)
        {
            (int code, string output, string error) = Cli.Run(args);
            Assert.Equal(expected, code);
            Assert.Contains(why, error);
            Assert.Empty(output);
        }
    }

    [Fact]
    public async Task Serve_answers_by_the_name_of_an_adapter_and_gives_it_to_the_model_before_the_colon()
    {
        int[] expected = Ids(Cli.Run([.. Generate, "--lora", Adapter]).Output);
        using Process server = Cli.Start("serve", "--port", "0", "--json", "--cache-type", "f32", "-t", "1", "-m", $"{Model}=one",
            "-m", $"{Model}=two,zwei", "--lora-modules", $"one:a={Adapter}", "--lora-modules", $"zwei:b={Adapter}");
        try
        {
            JsonElement line = JsonElement.Parse((await server.StandardOutput.ReadLineAsync())!);
            Assert.Equal(["one", "a", "two", "b"], line.GetProperty("models").EnumerateArray().Select(name => name.GetString()));
            using var client = new HttpClient { BaseAddress = new Uri(line.GetProperty("url").GetString()!) };
            JsonElement models = JsonElement.Parse(await client.GetStringAsync("/v1/models")).GetProperty("data");
            Assert.Equal([null, "one", null, "two"],
                models.EnumerateArray().Select(model => model.GetProperty("parent").GetString()));
            foreach (string name in new[] { "a", "b" })
            {
                using HttpResponseMessage answer = await client.PostAsync("/v1/completions", new StringContent($$"""
                    {"model": "{{name}}", "prompt": "the cat", "max_tokens": 20, "temperature": 0, "ignore_eos": true,
                    "return_token_ids": true}
                    """, Encoding.UTF8, "application/json"));
                JsonElement body = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
                Assert.Equal(expected, Ids(body.GetProperty("choices")[0]));
            }
        }
        finally
        {
            server.Kill();
        }
    }

    private static int[] Ids(string line) => Ids(JsonElement.Parse(line));

    /// <summary>The new ones: those of generate have the prompt's before them.</summary>
    private static int[] Ids(JsonElement answer) =>
        [.. answer.GetProperty("token_ids").EnumerateArray().TakeLast(20).Select(id => id.GetInt32())];
}
