using Seriatim.Tokenizers;

namespace Seriatim.Peers;

/// <summary>The same lines, in the same order, with the built-in translator between Chinese and English.</summary>
internal static class TranslationPlan
{
    public const string Model = "zh-en";
    public const int Lines = 200;

    public static string ModelFolder => Path.Combine(AppContext.BaseDirectory, "models", Model);

    /// <summary>The lines of a file, of a .tsv its first column: every so many, so that short and long ones are there.</summary>
    /// <exception cref="MissingProgramException">No file was named.</exception>
    public static string[] Read(string? file)
    {
        if (file is null)
            throw new MissingProgramException("no lines were given: --texts FILE");
        string[] all = [.. File.ReadLines(file).Select(line => line.Split('\t')[0])
            .Where(line => !string.IsNullOrWhiteSpace(line))];
        if (all.Length < Lines)
            throw new FormatException($"{file} has {all.Length} lines; {Lines} are needed.");
        int step = all.Length / Lines;
        return [.. Enumerable.Range(0, Lines).Select(i => all[i * step])];
    }

    public static IEnumerable<PeerWork> Works(PeerOptions options, string scratch)
    {
        foreach (int beams in (int[])[4, 1])
        {
            foreach (bool bytes in (bool[])[false, true])
            {
                string name = $"{Lines} lines, {(beams == 1 ? "greedy" : $"{beams} beams")}, {(bytes ? "INT8" : "F32")}";
                yield return new PeerWork([WorkPart.Milliseconds(name)],
                [
                    new PeerEntry("Seriatim", () => new SeriatimTranslator(Read(options.Texts), beams, bytes, options.Threads)),
                    new PeerEntry("CTranslate2",
                        () => CTranslate2Peer.Open(options, Sources(Read(options.Texts)), scratch, beams, bytes)),
                ]);
            }
        }
    }

    /// <summary>The tokens that the translator reads for each line.</summary>
    private static string[][] Sources(string[] lines)
    {
        using Translator translator = Translator.OpenAsync(ModelFolder, new LanguageModelOptions { Threads = 1 }).GetAwaiter()
            .GetResult();
        Tokenizer tokenizer = translator.Tokenizer;
        return [.. lines.Select(line => translator.Request(line).EncoderInput.ToArray().Select(tokenizer.PieceOf).ToArray())];
    }
}
