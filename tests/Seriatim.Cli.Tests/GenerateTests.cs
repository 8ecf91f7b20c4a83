using System.Text.Json;

namespace Seriatim.Cli.Tests;

public sealed class GenerateTests
{
    [StoriesFact]
    public void Greedy_text_and_ids_equal_the_reference()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Cli.Stories, "expected.json")));
        JsonElement first = expected.RootElement.GetProperty("cases")[0];
        int[] ids = [.. first.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())];
        int[] prompt = [.. first.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32())];

        // -n counts new tokens, as in llama.cpp; the 256 steps of the reference count the four tokens of the prompt too.
        string most = $"{ids.Length - prompt.Length}";
        (int code, string output, _) = Cli.Run("generate", "-m", Cli.Stories, "-p", "Once upon a time", "--temp", "0", "-n", most);
        Assert.Equal(0, code);
        Assert.Equal(first.GetProperty("text").GetString() + "\n", output);

        (code, output, _) = Cli.Run("generate", "-m", Cli.Stories, "-p", "Once upon a time", "--temp", "0", "-n", most, "--json", "-t", "1");
        Assert.Equal(0, code);
        using JsonDocument line = JsonDocument.Parse(output);
        Assert.Equal(ids, line.RootElement.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal(first.GetProperty("text").GetString(), line.RootElement.GetProperty("text").GetString());
        Assert.Equal("length", line.RootElement.GetProperty("finish_reason").GetString());
    }

    [StoriesFact]
    public void Many_prompts_come_out_in_order_and_equal_each_alone()
    {
        string file = Path.GetTempFileName();
        string[] prompts = ["Once upon a time", "The cat", "One day, Tim", "我爱学习 ☕", ""];
        File.WriteAllLines(file, prompts.Select(p => JsonSerializer.Serialize(new { prompt = p })));
        (int code, string output, string error) = Cli.Run("generate", "-m", Cli.Stories, "--input", file, "--json", "-n", "30", "--seed", "7");
        File.Delete(file);
        Assert.True(code == 0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(prompts.Length, lines.Length);
        for (int i = 0; i < prompts.Length; i++)
        {
            using JsonDocument line = JsonDocument.Parse(lines[i]);
            Assert.Equal(prompts[i], line.RootElement.GetProperty("prompt").GetString());
            if (i is not (0 or 3))
                continue;
            (_, string alone, _) = Cli.Run("generate", "-m", Cli.Stories, "-p", prompts[i], "--json", "-n", "30", "--seed", "7");
            using JsonDocument own = JsonDocument.Parse(alone);
            Assert.Equal(own.RootElement.GetProperty("token_ids").GetRawText(), line.RootElement.GetProperty("token_ids").GetRawText());
        }
    }

    [StoriesFact]
    public void A_pipe_is_a_prompt_and_echo_can_be_left_out()
    {
        (int code, string output, _) = Cli.RunWithInput("Once upon a time\n", "generate", "-m", Cli.Stories, "--temp", "0", "-n", "5");
        Assert.Equal(0, code);
        Assert.StartsWith("Once upon a time, there", output);
        (_, output, _) = Cli.RunWithInput("Once upon a time", "generate", "-m", Cli.Stories, "--temp", "0", "-n", "5", "--no-echo");
        Assert.StartsWith(", there", output);
    }

    [StoriesFact]
    public void Stop_texts_end_the_output()
    {
        (int code, string output, _) = Cli.Run("generate", "-m", Cli.Stories, "-p", "Once upon a time", "--temp", "0", "--stop", "girl");
        Assert.Equal(0, code);
        Assert.Equal("Once upon a time, there was a little \n", output);
    }

    [StoriesFact]
    public void Seeds_repeat_and_differ()
    {
        string With(string seed) => Cli.Run("generate", "-m", Cli.Stories, "-p", "The", "-n", "40", "-s", seed).Output;
        Assert.Equal(With("1"), With("1"));
        Assert.NotEqual(With("1"), With("2"));
    }

    [StoriesFact]
    public void A_prompt_beyond_the_context_names_both_numbers()
    {
        (int code, string output, string error) = Cli.Run("generate", "-m", Cli.Stories, "-p", string.Concat(Enumerable.Repeat("hello ", 600)));
        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Contains("512", error);
        Assert.DoesNotContain("   at ", error);
    }

    [StoriesFact]
    public void Values_out_of_range_are_named()
    {
        foreach ((string flag, string value, string part) in new[] { ("--temp", "NaN", "--temp"), ("--top-p", "1.5", "1.5"), ("-n", "0", "0"), ("-t", "-3", "-3"), ("-c", "0", "0") })
        {
            (int code, _, string error) = Cli.Run("generate", "-m", Cli.Stories, "-p", "x", flag, value);
            Assert.True(code == 2, $"{flag} {value} gave {code}: {error}");
            Assert.Contains(part, error);
            Assert.DoesNotContain("   at ", error);
        }
    }
}
