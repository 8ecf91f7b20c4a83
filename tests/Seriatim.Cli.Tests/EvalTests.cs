using System.Text;
using System.Text.Json;
using Seriatim.Training;

namespace Seriatim.Cli.Tests;

/// <summary>eval: its figures are those of the parts, added up by hand.</summary>
public sealed class EvalTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Perplexity_and_bits_are_those_of_the_whole_file()
    {
        TinyModels.WriteLlama(_folder.Path);
        string[] documents = ["the cat sat on the mat.\n", "a song of mice\nand 我 too\n"];
        File.WriteAllText(_folder.File("text.txt"), string.Join("<|endoftext|>\n", documents));
        JsonElement whole = Eval("--data", _folder.File("text.txt"), "--marker", "<|endoftext|>");
        int vocabulary = JsonDocument.Parse(File.ReadAllText(_folder.File("config.json"))).RootElement.GetProperty("vocab_size").GetInt32();
        double loss = 0;
        int tokens = 0;
        foreach (string document in documents)
        {
            File.WriteAllText(_folder.File("prompt.jsonl"), JsonSerializer.Serialize(document));
            (int code, string output, string error) = Cli.Run("generate", "-m", _folder.Path, "--input", _folder.File("prompt.jsonl"), "-n", "1", "--json", "--prompt-logprobs", "0");
            Assert.True(code == 0, error);
            JsonElement[] logprobs = [.. JsonDocument.Parse(output).RootElement.GetProperty("prompt_logprobs").EnumerateArray()];
            loss -= logprobs.Sum(p => p.GetProperty("logprob").GetDouble());

            // The first token of a document has no context in this model, and costs a whole vocabulary.
            loss += Math.Log(vocabulary);
            tokens += logprobs.Length + 1;
        }

        int bytes = documents.Sum(Encoding.UTF8.GetByteCount);
        Assert.Equal((2, tokens, bytes), (whole.GetProperty("documents").GetInt32(), whole.GetProperty("tokens").GetInt32(), whole.GetProperty("bytes").GetInt32()));
        Assert.Equal(loss / Math.Log(2) / bytes, whole.GetProperty("bits_per_byte").GetDouble(), 5);
        Assert.Equal(Math.Exp(loss / tokens), whole.GetProperty("perplexity").GetDouble(), 2);

        // Windows cut the context short, and each token is still counted once.
        JsonElement windows = Eval("--data", _folder.File("text.txt"), "--marker", "<|endoftext|>", "-c", "4", "--stride", "3");
        Assert.Equal((tokens, 4, 3), (windows.GetProperty("tokens").GetInt32(), windows.GetProperty("window").GetInt32(), windows.GetProperty("stride").GetInt32()));
        Assert.NotEqual(whole.GetProperty("loss").GetDouble(), windows.GetProperty("loss").GetDouble());
    }

    [Fact]
    public void Quantize_measures_what_eval_measures()
    {
        TinyModels.WriteLlama(_folder.Path);
        File.WriteAllText(_folder.File("text.txt"),
            string.Concat(Enumerable.Repeat("the cat sat on the mat. a song of mice\n", 30)));
        double expected = Eval("--data", _folder.File("text.txt")).GetProperty("perplexity").GetDouble();
        (int code, string output, string error) = Cli.Run("quantize", "-m", _folder.Path, "-o", _folder.File("q.gguf"),
            "--type", "f32",
            "--text", _folder.File("text.txt"), "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(expected, report.GetProperty("perplexity_before").GetDouble());
        Assert.Equal(expected, report.GetProperty("perplexity_after").GetDouble());
    }

    [Fact]
    public void Translations_are_scored_as_the_metrics_say()
    {
        TinyModels.WriteT5(_folder.Path);
        string[] pairs = ["the cat\t猫\tx", "the mat\t垫子\tx", "the cat\t一只猫\tx", "the cat\t猫\tx"];
        File.WriteAllLines(_folder.File("pairs.tsv"), pairs);
        JsonElement single = Eval("--data", _folder.File("pairs.tsv"), "-n", "8", "-o", _folder.File("out.txt"));
        string[] lines = File.ReadAllLines(_folder.File("out.txt"));
        Assert.Equal(4, lines.Length);
        Assert.Equal(lines[0], lines[2]);
        string[][] references = [["猫"], ["垫子"], ["一只猫"], ["猫"]];
        Assert.Equal(Bleu.Corpus(lines, references, BleuTokenizer.Chinese).Score, single.GetProperty("bleu").GetDouble());
        Assert.Equal(Chrf.Corpus(lines, references), single.GetProperty("chrf").GetDouble());
        Assert.StartsWith("nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:", single.GetProperty("bleu_signature").GetString());

        JsonElement grouped = Eval("--data", _folder.File("pairs.tsv"), "-n", "8", "--references", "grouped", "--tokenize", "char", "--beams", "4");
        Assert.Equal((2, 3), (grouped.GetProperty("segments").GetInt32(), grouped.GetProperty("references").GetInt32()));
        Assert.StartsWith("nrefs:var|case:mixed|eff:no|tok:char|", grouped.GetProperty("bleu_signature").GetString());
        Assert.Equal(Chrf.Corpus(lines[..2], [["猫", "一只猫"], ["垫子"]]), grouped.GetProperty("chrf").GetDouble());

        // The other way round, and as text.
        (int code, string output, string error) = Cli.Run("eval", "-m", _folder.Path, "--data", _folder.File("pairs.tsv"), "--source", "1", "--target", "0", "-n", "8");
        Assert.True(code == 0, error);
        Assert.Contains("zh to en", output);
        Assert.Contains("tok:13a", output);
    }

    [Fact]
    public void Masked_models_are_asked_for_a_share_of_the_tokens()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        File.WriteAllLines(_folder.File("text.txt"), Enumerable.Range(0, 30).Select(i => $"the cat number {i} sat on the mat"));
        JsonElement report = Eval("--data", _folder.File("text.txt"), "--mask-share", "0.3", "--seed", "4");
        double share = report.GetProperty("masked").GetDouble() / report.GetProperty("tokens").GetDouble();
        Assert.InRange(share, 0.15, 0.45);
        Assert.Equal(Math.Exp(report.GetProperty("loss").GetDouble()), report.GetProperty("perplexity").GetDouble(), 6);
        Assert.NotEqual(report.GetProperty("loss").GetDouble(), Eval("--data", _folder.File("text.txt"), "--mask-share", "0.3", "--seed", "5").GetProperty("loss").GetDouble());
    }

    [Fact]
    public void What_does_not_belong_to_the_model_is_refused()
    {
        TinyModels.WriteLlama(_folder.Path);
        File.WriteAllText(_folder.File("text.txt"), "the cat\n");
        foreach (string[] flags in new string[][] { ["--beams", "2"], ["--references", "grouped"], ["--mask-share", "0.2"], ["--tokenize", "zh"], ["-c", "9999"], ["--stride", "0"] })
        {
            (int code, string output, string error) = Cli.Run(["eval", "-m", _folder.Path, "--data", _folder.File("text.txt"), .. flags]);
            Assert.True(code == 2, $"{string.Join(' ', flags)} gave {code}: {error}");
            Assert.Empty(output);
            Assert.DoesNotContain("   at ", error);
        }

        Assert.Equal(1, Cli.Run("eval", "-m", _folder.Path, "--data", _folder.File("none.txt")).Code);
        File.WriteAllText(_folder.File("empty.txt"), "");
        Assert.Contains("no text", Cli.Run("eval", "-m", _folder.Path, "--data", _folder.File("empty.txt")).Error);
        Assert.Equal(2, Cli.Run("eval", "-m", _folder.Path).Code);
    }

    private JsonElement Eval(params string[] args)
    {
        (int code, string output, string error) = Cli.Run(["eval", "-m", _folder.Path, "--json", "-t", "1", .. args]);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }
}
