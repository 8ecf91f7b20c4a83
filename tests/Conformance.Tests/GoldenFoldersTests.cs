namespace Seriatim.Conformance.Tests;

/// <summary>What lies in the golden folders is what the tests think it is.</summary>
public sealed class GoldenFoldersTests
{
    [Fact]
    public void EveryCaseIsWhole()
    {
        Assert.NotEmpty(GoldenCases.All);
        Assert.All(GoldenCases.All, c => Assert.True(
            GoldenCase.Parts.All(c.Has),
            $"{c.Folder} has some files of a case but not all of {string.Join(", ", GoldenCase.Parts)}"));
    }

    /// <summary>
    /// A folder under another name is the same case: it is found, and what can be done with it follows from its files.
    /// </summary>
    [Fact]
    public void NamesOfFoldersSayNothing()
    {
        foreach (GoldenCase c in GoldenCases.All)
        {
            string other = Path.Combine(Directory.CreateTempSubdirectory("seriatim-golden-").FullName, "0815");
            try
            {
                Directory.CreateSymbolicLink(other, Path.GetFullPath(c.Folder));
                var renamed = new GoldenCase("0815", other, c.Tolerance);
                Assert.True(renamed.IsModel);
                Assert.Equal(c.SkipReason()?[c.Name.Length..], renamed.SkipReason()?[renamed.Name.Length..]);
                using System.Text.Json.JsonDocument before = c.Json("config.json"), after = renamed.Json("config.json");
                Assert.Equal(GgufLimits.Refuses(c.TextOf(before)), GgufLimits.Refuses(renamed.TextOf(after)));
            }
            finally
            {
                Directory.Delete(Path.GetDirectoryName(other)!, recursive: true);
            }
        }
    }

    /// <summary>
    /// Families that no reference numbers were made for: Falcon Mamba is Mamba with three norms, so it rests on mamba's cases, on
    /// gradients that are slopes and on the invariance suite. Encoder-decoders of LSTM and GRU are of no library: their forward
    /// pass is written out in RecurrentSeq2SeqTests, and their cells are those of lstm and gru. Seriatim is of this project: its
    /// parts are those of other families. Of some encoders and of mBART and Pegasus EncoderFamilyTests shows that they are BERT,
    /// and BART, under other names; FamilyFormulaTests that Qwen3.5 with experts is Qwen3-Next under others. The others are held
    /// against their formulas in FamilyFormulaTests.
    /// </summary>
    private static readonly string[] WithoutCase =
    [
        "falcon_mamba", "rnn_seq2seq", "seriatim",
        "albert", "camembert", "distilbert", "electra", "mbart", "pegasus",
        "cohere", "ernie4_5", "exaone4", "falcon", "gemma", "glm", "glm4_moe", "gpt_bigcode", "gptj", "granitemoe", "ministral3",
        "mpt", "olmo", "olmo3", "olmoe", "phi",
        "qwen2_moe", "qwen3_5_moe_text", "seed_oss", "stablelm", "starcoder2",
    ];

    [Fact]
    public void EveryBuiltFamilyHasACase()
    {
        HashSet<string> types = [.. GoldenCases.All.Where(c => c.SkipReason() is null).Select(c =>
        {
            using var json = c.Json("config.json");
            return c.TextOf(json).GetProperty("model_type").GetString()!;
        })];
        Assert.All(ArchitectureRegistry.All.Where(a => !WithoutCase.Contains(a.ModelType)),
            a => Assert.Contains(a.ModelType, types));
    }

    [StoriesTheory]
    [MemberData(nameof(Copies))]
    public void CopiesEqualTheOriginals(string name, string kind)
    {
        Assert.NotEqual("none", kind);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(GoldenRoots.Local, name)))
        {
            byte[] original = File.ReadAllBytes(Path.Combine(GoldenRoots.SharedGolden, name, Path.GetFileName(file)));
            Assert.True(original.AsSpan().SequenceEqual(File.ReadAllBytes(file)), file);
        }
    }

    public static IEnumerable<object[]> Copies => GoldenRoots.Missing(GoldenRoots.SharedGolden) is { } missing
        ? [[missing, "none"]]
        : Directory.EnumerateDirectories(GoldenRoots.Local).Select(folder => new object[] { Path.GetFileName(folder), "copy" });

    [Fact]
    public void TheTableOfTolerancesIsRead()
    {
        Dictionary<string, float> tolerances = GoldenCases.Tolerances(Path.Combine(GoldenRoots.First, "README.md"));
        Assert.Equal(2e-4f, tolerances["llama-gqa-tied"]);
        Assert.Equal(1e-4f, tolerances["bart"]);
    }
}
