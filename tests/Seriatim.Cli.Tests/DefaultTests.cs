using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>What nobody said is as the model has it; flags are stronger; a seed that was drawn is reported.</summary>
public sealed class DefaultTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public DefaultTests()
    {
        TinyModels.WriteLlama(_folder.Path);
        File.WriteAllText(_folder.File("generation_config.json"), """{"eos_token_id": 0, "temperature": 1.7, "top_k": 60, "repetition_penalty": 1.5, "max_new_tokens": 12}""");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sampling_and_length_are_the_models()
    {
        string shown = JsonDocument.Parse(Run("show", _folder.Path, "--json")).RootElement.GetProperty("defaults").GetProperty("text").GetString()!;
        string[] flags = shown.Split(' '), request = ["generate", "-m", _folder.Path, "the cat", "--seed", "5", "--json"];
        JsonElement own = Json(request), same = Json([.. request, .. flags, "-n", "12", "--repeat-last-n", "-1"]), cold = Json([.. request, "--temp", "0"]);
        Assert.Contains("--repeat-penalty 1.5", shown);
        Assert.Equal(12, own.GetProperty("new_tokens").GetInt32());
        Assert.Equal(own.GetProperty("text").GetString(), same.GetProperty("text").GetString());
        Assert.NotEqual(own.GetProperty("text").GetString(), cold.GetProperty("text").GetString());
        Assert.Equal(12, cold.GetProperty("new_tokens").GetInt32());
        Assert.Equal(20, Json([.. request, "-n", "20", "--ignore-eos"]).GetProperty("new_tokens").GetInt32());
        Assert.Equal(12, JsonDocument.Parse(Cli.RunWithInput("the cat\n", "chat", "-m", _folder.Path, "--json", "-s", "5").Output).RootElement.GetProperty("new_tokens").GetInt32());
    }

    [Fact]
    public void A_seed_that_was_drawn_is_reported_and_gives_the_text_again()
    {
        string[] request = ["generate", "-m", _folder.Path, "the cat", "--json"];
        JsonElement first = Json(request), second = Json([.. request, "-s", "-1"]);
        ulong seed = first.GetProperty("seed").GetUInt64();
        Assert.NotEqual(seed, second.GetProperty("seed").GetUInt64());
        Assert.Equal(first.GetProperty("text").GetString(), Json([.. request, "-s", $"{seed}"]).GetProperty("text").GetString());
        (_, string text, string error) = Cli.Run("generate", "-m", _folder.Path, "the cat", "-v");
        string drawn = error.Split('\n').Single(line => line.StartsWith("seed ", StringComparison.Ordinal))[5..];
        Assert.Equal(text, Run("generate", "-m", _folder.Path, "the cat", "-s", drawn));
        Assert.Empty(Cli.Run("generate", "-m", _folder.Path, "the cat").Error);
        JsonElement answer = JsonDocument.Parse(Cli.RunWithInput("the cat\n", "chat", "-m", _folder.Path, "--json").Output).RootElement;
        string seeded = Cli.RunWithInput("the cat\n", "chat", "-m", _folder.Path, "--json", "-s", $"{answer.GetProperty("seed").GetUInt64()}").Output;
        Assert.Equal(answer.GetProperty("answer").GetString(), JsonDocument.Parse(seeded).RootElement.GetProperty("answer").GetString());
    }

    [Fact]
    public void A_length_that_nobody_asked_for_fits_and_one_that_was_is_refused()
    {
        foreach (string[] args in new string[][] { ["The cat sits on"], ["-p", "The cat sits on", "--beams", "2"], ["The cat sits on", "-n", "-1"] })
        {
            JsonElement line = Json(["generate", .. args, "--ignore-eos", "--json", "-s", "1"]);
            Assert.Equal(256, line.GetProperty("prompt_tokens").GetInt32() + line.GetProperty("new_tokens").GetInt32());
        }

        Assert.Equal(0, Cli.RunWithInput("The cat sits on", "generate").Code);
        Assert.Equal(0, Cli.RunWithInput("\"The cat sits on\"", "generate", "--input", "-").Code);
        (int code, string output, string error) = Cli.Run("generate", "The cat sits on", "-n", "256");
        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Contains("-n", error);
        Assert.Contains("256", error);
        Assert.DoesNotContain("MaxNewTokens", error);
    }

    private static JsonElement Json(string[] args) => JsonDocument.Parse(Run(args)).RootElement;

    private static string Run(params string[] args)
    {
        (int code, string output, string error) = Cli.Run(args);
        Assert.True(code == 0, error);
        return output;
    }
}
