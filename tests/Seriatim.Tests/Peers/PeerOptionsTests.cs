using Seriatim.Peers;

namespace Seriatim.Tests.Peers;

/// <summary>
/// The command line of <c>benchmarks/peers</c>: what it says is done, and what it cannot mean is refused with the reason.
/// </summary>
public sealed class PeerOptionsTests
{
    [Fact]
    public void Nothing_means_everything()
    {
        PeerOptions options = PeerOptions.Parse([]);
        Assert.Equal(PeerOptions.KnownWorks, options.Works);
        Assert.Equal(["1.1b", "135m"], options.Shapes);
        Assert.Equal(["q8_0", "q4_0", "q4_k_m"], options.Types);
        Assert.Equal((5, Environment.ProcessorCount), (options.Rounds, options.Threads));
        Assert.Empty(options.Files);
        Assert.Null(options.LlamaBench);
        Assert.False(options.WantsHelp);
    }

    [Fact]
    public void Every_option_is_read()
    {
        PeerOptions options = PeerOptions.Parse(
        [
            "a.gguf", "--works", "translation, training", "--shapes", "135m", "--types", "f16,q4_0", "--rounds", "3", "--threads",
            "2", "--models", "m", "b.gguf", "--texts", "t.tsv", "--output", "o", "--llama-bench", "l", "--ik-llama-bench", "i",
            "--ctranslate2", "c", "--python", "p", "--without", "LLamaSharp,llama.cpp",
        ]);
        Assert.Equal(["a.gguf", "b.gguf"], options.Files);
        Assert.Equal(["translation", "training"], options.Works);
        Assert.Equal(["135m"], options.Shapes);
        Assert.Equal(["f16", "q4_0"], options.Types);
        Assert.Equal((3, 2), (options.Rounds, options.Threads));
        Assert.Equal(["LLamaSharp", "llama.cpp"], options.Without);
        Assert.Equal(("m", "t.tsv", "o"), (options.Models, options.Texts, options.Output));
        Assert.Equal(("l", "i", "c", "p"), (options.LlamaBench, options.IkLlamaBench, options.CTranslate2, options.Python));
    }

    [Theory]
    [InlineData("--rounds is 0; a number of at least 1 is needed.", "--rounds", "0")]
    [InlineData("--threads is two; a number of at least 1 is needed.", "--threads", "two")]
    [InlineData("--works has driving; it must be of generation, translation, embeddings, training.", "--works",
        "training,driving")]
    [InlineData("--types is empty; name at least one.", "--types", ",")]
    [InlineData("--models needs a value. --help lists the options.", "--models")]
    [InlineData("--models needs a value. --help lists the options.", "--models", "--rounds", "3")]
    [InlineData("--turns is not an option. --help lists them.", "--turns", "3")]
    public void What_cannot_be_meant_is_refused(string message, params string[] args) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => PeerOptions.Parse(args)).Message);

    [Fact]
    public void Help_names_every_option()
    {
        Assert.True(PeerOptions.Parse(["--rounds", "3", "--help"]).WantsHelp);
        Assert.All(
            (string[])["--works", "--shapes", "--types", "--rounds", "--threads", "--models", "--texts", "--output",
                "--llama-bench", "--ik-llama-bench", "--ctranslate2", "--python",
                "--without"],
            option => Assert.Contains(option, PeerOptions.Usage, StringComparison.Ordinal));
    }
}
