using System.Globalization;

namespace Seriatim.Peers;

/// <summary>
/// CTranslate2 by its own program. It says tokens a second alone, so the seconds are those of the tokens that it wrote; the lines
/// are given several times over, so that its start and its last batch count less.
/// </summary>
internal sealed class CTranslate2Peer : IContender
{
    private const int Times = 3;

    /// <summary>Lines in a batch: its own default.</summary>
    private const int Batch = 32;

    private readonly string _program;
    private readonly string _source;
    private readonly string _target;
    private readonly string[] _arguments;

    private CTranslate2Peer(string program, string model, string[][] sources, string scratch, int beams, bool bytes, int threads)
    {
        (_program, Version) = (program, LibraryVersion(program));
        (_source, _target) = (Path.Combine(scratch, "lines.txt"), Path.Combine(scratch, "translations.txt"));
        File.WriteAllLines(_source,
            Enumerable.Repeat(sources.Select(line => string.Join(' ', line)), Times).SelectMany(lines => lines));
        _arguments =
        [
            "--model", model, "--src", _source, "--out", _target, "--beam_size", $"{beams}", "--intra_threads", $"{threads}",
            "--inter_threads", "1", "--compute_type", bytes ? "int8" : "float32", "--batch_size", $"{Batch}", "--read_batch_size",
            $"{Times * sources.Length}", "--log_throughput",
        ];
    }

    /// <summary>The program does not say it; the name of its library does.</summary>
    public string Version { get; }

    /// <summary>The program, or a python that has the library.</summary>
    public static IContender Open(PeerOptions options, string[][] sources, string scratch, int beams, bool bytes)
    {
        string program = MissingProgramException.Require(options.CTranslate2, "--ctranslate2");
        string model = Path.Combine(scratch, "ctranslate2");
        sources = [.. sources.Select(line => line.Select(CTranslate2Model.Word).ToArray())];
        CTranslate2Model.Write(TranslationPlan.ModelFolder, model);
        return Path.GetFileName(program).StartsWith("python", StringComparison.Ordinal)
            ? new ScriptPeer(program, "ctranslate2_peer.py", new
            {
                model,
                sources,
                beams,
                type = bytes ? "int8" : "float32",
                threads = options.Threads,
                batch = Batch,
            })
            : new CTranslate2Peer(program, model, sources, scratch, beams, bytes, options.Threads);
    }

    public double[] Run()
    {
        string errors = ToolProcess.Run(_program, _arguments).Errors;
        string speed = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault() ?? "";
        if (!double.TryParse(speed, NumberStyles.Float, CultureInfo.InvariantCulture, out double tokensPerSecond)
            || tokensPerSecond <= 0)
        {
            throw new InvalidOperationException($"it said '{speed}' instead of its tokens a second");
        }
        long tokens = File.ReadLines(_target).Sum(line => (long)line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length);
        return [tokens / tokensPerSecond / Times];
    }

    /// <summary>Of <c>libctranslate2.so.4.8.1</c> beside the program, or in the folder above or <c>lib</c> beside that.</summary>
    private static string LibraryVersion(string program)
    {
        const string Name = "libctranslate2.so.";
        string folder = Path.GetDirectoryName(Path.GetFullPath(program))!, above = Path.GetDirectoryName(folder) ?? folder;
        return ((string[])[folder, above, Path.Combine(above, "lib")]).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFiles).Select(file => Path.GetFileName(file))
            .Where(file => file.StartsWith(Name, StringComparison.Ordinal)).Select(file => file[Name.Length..])
            .OrderByDescending(version => version.Length)
            .FirstOrDefault("of unknown version");
    }

    public void Dispose()
    {
        File.Delete(_source);
        File.Delete(_target);
    }
}
