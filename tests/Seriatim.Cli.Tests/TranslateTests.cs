using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>translate: a line for a line, from everywhere, to everywhere.</summary>
public sealed class TranslateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public TranslateTests() => TinyModels.WriteT5(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_come_out_in_order_from_pipes_files_and_arguments()
    {
        const string Input = "我爱学习\n\nthe cat sat\r\n  \nthe mat";
        JsonElement[] lines = [.. Run(Input, "-n", "6", "--json").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["我爱学习", "", "the cat sat", "  ", "the mat"], lines.Select(line => line.GetProperty("source").GetString()));
        Assert.Equal(["en", null, "zh", null, "zh"], lines.Select(line => line.TryGetProperty("to", out JsonElement to) ? to.GetString() : null));
        string[] expected = [.. lines.Select(line => line.GetProperty("translation").GetString()!)];
        Assert.Equal("", expected[1]);
        string text = string.Join('\n', expected) + "\n";
        Assert.Equal(text, Run(Input, "-n", "6"));
        File.WriteAllText(_folder.File("in.txt"), Input + "\n");
        Assert.Equal("", Run(null, "-n", "6", "-f", _folder.File("in.txt"), "-o", _folder.File("out.txt")));
        Assert.Equal(text, File.ReadAllText(_folder.File("out.txt")));
        Assert.Equal($"{expected[0]}\n{expected[4]}\n", Run(null, "-n", "6", "我爱学习", "the mat"));
        Assert.Equal("", Run("", "-n", "6"));
    }

    [Fact]
    public void Flags_change_what_they_say()
    {
        string[] source = ["the cat number 3 sat on the mat", "-n", "12"];
        double plain = Score(source);
        Assert.Equal(plain, Score([.. source, "--to", "zh", "--from", "en", "-t", "1"]));
        Assert.Equal(plain, Score([.. source, "--prefix", "translate English to Chinese: "]));
        Assert.NotEqual(plain, Score([.. source, "--to", "en"]));
        Assert.NotEqual(plain, Score([.. source, "--length-penalty", "2"]));
        Assert.False(JsonDocument.Parse(Run(null, [.. source, "--beams", "1", "--json"])).RootElement.TryGetProperty("score", out _));

        double Score(string[] args) => JsonDocument.Parse(Run(null, [.. args, "--json"])).RootElement.GetProperty("score").GetDouble();
    }

    [Fact]
    public void A_map_is_learned_from_pairs_and_used()
    {
        File.WriteAllText(_folder.File("pairs.tsv"), "the cat sat\t我爱学习\nthe mat\t学习\n");
        string map = _folder.File("vmap.txt");
        string[] make = ["vmap", "-m", _folder.Path, "--data", _folder.File("pairs.tsv"), "--to", "zh", "-o", map];
        (int code, string output, string error) = Cli.Run([.. make, "--per-token", "3", "--always", "2"]);
        Assert.True(code == 0, error);
        Assert.Equal("", output);
        Assert.Contains("2 pairs", error, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(map);
        Assert.StartsWith("\t", lines[0], StringComparison.Ordinal);
        Assert.True(lines.Length > 3);
        Assert.All(lines.Skip(1), line => Assert.InRange(line.Split('\t')[1].Split(' ').Length, 1, 3));
        Assert.NotEqual(Run("the cat sat", "-n", "6"), Run("the cat sat", "-n", "6", "--vmap", map));
        Assert.Contains("vmap makes one", Fails("x", "--vmap", "none.txt"));
        File.WriteAllText(map, "x y");
        Assert.Contains("line 1: there is no tab", Fails("x", "--vmap", map));
        Assert.Contains("--per-token is 0", Cli.Run([.. make, "--per-token", "0"]).Error, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("pairs.tsv"), "");
        Assert.Contains("no pairs", Cli.Run(make).Error, StringComparison.Ordinal);
        make[4] = "none.tsv";
        Assert.Contains("no such file", Cli.Run(make).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_translated_is_named()
    {
        string tooLong = string.Concat(Enumerable.Repeat("cat ", 600));
        (int code, string output, string error) = Cli.RunWithInput($"the cat\n{tooLong}\nthe mat\n", "translate", "-m", _folder.Path, "-n", "3");
        Assert.Equal(1, code);
        Assert.Equal(3, output.Count(sign => sign == '\n'));
        Assert.Equal("", output.Split('\n')[1]);
        Assert.Contains("line 2", error);
        Assert.Contains("512", error);
        Assert.Contains("en to zh", Fails("x", "--to", "fr"));
        Assert.Contains("none.txt", Fails("-f", "none.txt"));
        Assert.Contains("--beams", Fails(2, "x", "--beams", "1", "--length-penalty", "2"));
        File.WriteAllBytes(_folder.File("bad.txt"), [(byte)'a', 0xE9, (byte)'b', (byte)'\n']);
        Assert.Contains("UTF-8", Fails("-f", _folder.File("bad.txt")));
        Assert.Contains("-o", Fails(2, "-f", _folder.File("bad.txt"), "-o", _folder.File("bad.txt")));
        (code, _, error) = Cli.Run("translate", "-m", _folder.Path, "x", "--bems", "2");
        Assert.Equal(2, code);
        Assert.Contains("--beams", error);
    }

    [Fact]
    public void What_was_cut_off_is_said()
    {
        (int code, _, string error) = Cli.Run("translate", "-m", _folder.Path, "-n", "1", "--beams", "1", "the cat");
        Assert.Equal(0, code);
        Assert.Contains("cut off", error);
    }

    private string Fails(params string[] args) => Fails(1, args);

    private string Fails(int expected, params string[] args)
    {
        (int code, string output, string error) = Cli.Run(["translate", "-m", _folder.Path, .. args]);
        Assert.Equal(expected, code);
        Assert.Empty(output);
        Assert.DoesNotContain("   at ", error);
        return error;
    }

    private string Run(string? input, params string[] args)
    {
        (int code, string output, string error) = Cli.RunWithInput(input, ["translate", "-m", _folder.Path, .. args]);
        Assert.True(code == 0, error);
        return output;
    }
}
