using System.Text;
using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// The page of families is made from the registry and from what the tests find to hold each of them against;
/// <c>SERIATIM_WRITE_DOCS=1</c> writes it.
/// </summary>
public sealed class FamiliesPageTests
{
    [SharedGoldenFact]
    public void The_page_of_families_is_as_the_registry_has_it()
    {
        string path = Path.Combine(GoldenRoots.Repository, "docs", "models.md");
        string made = Page();
        if (Environment.GetEnvironmentVariable("SERIATIM_WRITE_DOCS") == "1")
            File.WriteAllText(path, made);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == made,
            "docs/models.md differs from the registry and the golden folders. Write it anew: SERIATIM_WRITE_DOCS=1 dotnet test "
                + "tests/Conformance.Tests --filter FamiliesPage");
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # Models that run
            Made by a test from the registry of families and from the data that tests hold them against. A folder in the Hugging Face layout is known by `architectures` in its `config.json`, a GGUF
            file by `general.architecture`; `seriatim inspect` says what a file is, `seriatim check` whether it works here.

            - **Reference**: folders of `../shared/golden` with logits (and texts, losses, gradients) that another implementation computed; all lane widths must give them.
            - **GGUF of others**: files written and computed by llama.cpp's tools.
            - **Round trip**: the folder written as GGUF and read again gives the same bits. What the format has no key for is refused by name before a byte is written.
            - **Same bits always**: the family is in the suite that compares batches, chunks, page sizes, threads, lane widths, forks and drafts bit by bit.

            | family | classes | GGUF | reference | GGUF of others | round trip | same bits always |
            |---|---|---|---|---|---|---|

            """);
        Dictionary<string, List<GoldenCase>> golden = [];
        foreach ((string family, GoldenCase found) in Golden())
            (golden.TryGetValue(family, out List<GoldenCase>? list) ? list : golden[family] = []).Add(found);
        HashSet<string> invariant = Invariant();
        foreach (Architecture family in ArchitectureRegistry.All.OrderBy(a => a.ModelType, StringComparer.Ordinal))
        {
            List<GoldenCase> cases = golden.GetValueOrDefault(family.ModelType, []);
            page.Append($"| {family.ModelType} | {string.Join(", ", family.ClassNames.Select(Code))} | "
                + $"{(family.Gguf is { } gguf ? Code(gguf.Architecture) : "")} | {string.Join(", ", cases.Select(c => c.Name))} "
                + $"| {string.Join(", ", Files(family, cases))} | {RoundTrip(cases)} | "
                + $"{(invariant.Contains(family.ModelType) ? "yes" : "")} |\n");
        }

        page.Append("""

            Models of texts and something else (`text_config` within their config) run as their text model: keys and tensors of towers that see or hear are left out by name, and `inspect` lists them.

            ## Weights in files
            | stored as | read by products | |
            |---|---|---|
            | F32, F16, BF16 | as stored | sums are F32 |
            | GGUF: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS, IQ1_S to IQ3_S, TQ1_0, TQ2_0, MXFP4, NVFP4 | the blocks | codes of code books are opened to 4 bits; a scale of a whole tensor (NVFP4) is applied once |
            | `mxfp4` (gpt_oss) | MXFP4 blocks | halves of bytes are put in another order |
            | `modelopt`, `compressed-tensors`: NVFP4 | NVFP4 blocks and a scale of the whole | rows that are no whole blocks of 64 are opened to F32 |
            | `gptq`, `awq`, `compressed-tensors`: 2 to 8 bits in groups | Q4_0, Q5_0 or Q8_0 blocks | exactly: scale times a small integer; opened to F32 where groups are in another order (act-order), are no multiple of 32, or their scales have more digits than a binary16 |
            | `fp8`, `fbgemm_fp8`, `modelopt`, `compressed-tensors`: 8-bit floats | opened to F32 | to BF16 where all scales are powers of two or have at most 4 digits |
            | `bitsandbytes`: nf4, fp4, 8 bits | opened to F32 | tables of 16 numbers |

            Whoever has too little memory for what is opened makes a GGUF file of it: `seriatim quantize -m FOLDER -o FILE.gguf --type q8_0`. `seriatim inspect` says for each file what is multiplied as stored
            and what is opened.

            """);
        return page.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>The folders of ../shared/golden alone: the page must not depend on what else a machine has.</summary>
    private static IEnumerable<(string Family, GoldenCase Case)> Golden()
    {
        foreach (string folder in Directory.EnumerateDirectories(GoldenRoots.SharedGolden).Order(StringComparer.Ordinal))
        {
            var found = new GoldenCase(Path.GetFileName(folder), folder, 0);
            if (!found.IsModel)
                continue;
            string path = found.File("config.json");
            using JsonDocument json = LenientJson.Parse(path);
            JsonElement text = TextWrapper.Of(path, json.RootElement)?.Config ?? json.RootElement;
            string? family = null;
            try
            {
                family = ArchitectureRegistry.Find(new ConfigReader(path, text)).Architecture.ModelType;
            }
            catch (UnknownArchitectureException)
            {
                // Not built yet: it has no line.
            }

            if (family is not null)
                yield return (family, found);
        }
    }

    private static IEnumerable<string> Files(Architecture family, List<GoldenCase> cases)
    {
        foreach (GoldenCase found in cases.Where(c => c.Has($"{c.Name}.gguf")))
            yield return $"{found.Name}.gguf";
        if (family.ModelType == "llama")
        {
            yield return $"gguf ({Directory.GetFiles(Path.Combine(GoldenRoots.SharedGolden, "gguf"), "tiny-*.gguf").Length} "
                + "types)";
        }
    }

    private static string RoundTrip(List<GoldenCase> cases)
    {
        var reasons = new HashSet<string>();
        bool any = false;
        foreach (GoldenCase found in cases)
        {
            using JsonDocument json = found.Json("config.json");
            string path = found.File("config.json");
            JsonElement text = TextWrapper.Of(path, json.RootElement)?.Config ?? json.RootElement;
            string? reason = text.TryGetProperty("model_type", out _) ? GgufLimits.Refuses(text) : null;
            if (reason is null)
                any = true;
            else
                reasons.Add(reason);
        }

        string refused = string.Join("; ", reasons);
        return cases.Count == 0 ? ""
            : reasons.Count == 0 ? "yes"
            : any ? $"yes; refused: {refused}"
            : $"refused: {refused}";
    }

    private static HashSet<string> Invariant()
    {
        var families = new HashSet<string>();
        foreach (string name in TinyModels.Names)
        {
            using Model model = TinyModels.Make(name);
            families.Add(model.Spec.Family);
        }

        foreach (string name in TinyEncoders.Names)
        {
            using Model? model = TinyEncoders.Make(name);
            if (model is not null)
                families.Add(model.Spec.Family);
        }

        return families;
    }

    private static string Code(string name) => $"`{name}`";
}
