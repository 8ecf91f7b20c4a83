using System.Globalization;

namespace Seriatim.Peers;

/// <summary>What was asked for on the command line.</summary>
internal sealed record PeerOptions
{
    public const string Usage = """
        Seriatim and others on the same work, by turns, beside the limits of this machine. One table, as Markdown and JSON.

          benchmarks/peers [FILE.gguf ...] [options]

        Without files, GGUF files of the shapes are made with random weights.
          --works LIST            of generation, translation, embeddings, training (default: all)
          --shapes LIST           of 1.1b, 135m (default: both)
          --types LIST            types of matrices, e.g. q8_0,q4_0,q4_k_m (default: these)
          --rounds N              rounds by turns (default: 5)
          --threads N             threads of everybody (default: one a core)
          --models FOLDER         keeps the files that are made there, and takes them from there (default: none are kept)
          --texts FILE            lines to translate, Chinese or English; of a .tsv its first column
          --output FILE           writes FILE.md and FILE.json as well, anew after each work
          --without LIST          peers that are left out, by the beginnings of their names, e.g. LLamaSharp
        Programs of peers that no package brings; each that is not given is named in the table as missing:
          --llama-bench PATH      of llama.cpp (llama-batched-bench is looked for beside it)
          --ik-llama-bench PATH   of ik_llama.cpp (the same)
          --ctranslate2 PATH      ct2-translator, or a python that has ctranslate2
          --python PATH           a python that has torch
        """;

    public static readonly string[] KnownWorks = ["generation", "translation", "embeddings", "training"];
    public static readonly string[] KnownShapes = ["1.1b", "135m"];

    public IReadOnlyList<string> Files { get; init; } = [];

    public IReadOnlyList<string> Works { get; init; } = KnownWorks;

    public IReadOnlyList<string> Shapes { get; init; } = KnownShapes;

    public IReadOnlyList<string> Types { get; init; } = ["q8_0", "q4_0", "q4_k_m"];

    public int Rounds { get; init; } = 5;

    public int Threads { get; init; } = Environment.ProcessorCount;

    public string? Models { get; init; }

    public string? Texts { get; init; }

    public string? Output { get; init; }

    /// <summary>Beginnings of the names of peers that are left out.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    public string? LlamaBench { get; init; }

    public string? IkLlamaBench { get; init; }

    public string? CTranslate2 { get; init; }

    public string? Python { get; init; }

    public bool WantsHelp { get; init; }

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">An option is not known, has no value, or has one that is not allowed.</exception>
    public static PeerOptions Parse(IReadOnlyList<string> args)
    {
        var options = new PeerOptions();
        for (int i = 0; i < args.Count; i++)
        {
            string name = args[i];
            if (name is "--help" or "-h")
                return options with { WantsHelp = true };
            if (!name.StartsWith('-'))
            {
                options = options with { Files = [.. options.Files, name] };
                continue;
            }

            if (i + 1 == args.Count || args[i + 1].StartsWith("--", StringComparison.Ordinal))
                throw new FormatException($"{name} needs a value. --help lists the options.");
            options = options.With(name, args[++i]);
        }

        return options;
    }

    private PeerOptions With(string name, string value) => name switch
    {
        "--works" => this with { Works = List(name, value, KnownWorks) },
        "--shapes" => this with { Shapes = List(name, value, KnownShapes) },
        "--types" => this with { Types = List(name, value, null) },
        "--rounds" => this with { Rounds = Positive(name, value) },
        "--threads" => this with { Threads = Positive(name, value) },
        "--models" => this with { Models = value },
        "--texts" => this with { Texts = value },
        "--output" => this with { Output = value },
        "--without" => this with { Without = List(name, value, null) },
        "--llama-bench" => this with { LlamaBench = value },
        "--ik-llama-bench" => this with { IkLlamaBench = value },
        "--ctranslate2" => this with { CTranslate2 = value },
        "--python" => this with { Python = value },
        _ => throw new FormatException($"{name} is not an option. --help lists them."),
    };

    private static int Positive(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number
            : throw new FormatException($"{name} is {value}; a number of at least 1 is needed.");

    private static string[] List(string name, string value, string[]? known)
    {
        string[] items = value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (items.Length == 0)
        {
            throw new FormatException(
                $"{name} is empty; name at least one{(known is null ? "" : $" of {string.Join(", ", known)}")}.");
        }
        return items.FirstOrDefault(item => known is not null && !known.Contains(item)) is { } stranger
            ? throw new FormatException($"{name} has {stranger}; it must be of {string.Join(", ", known!)}.")
            : items;
    }
}
