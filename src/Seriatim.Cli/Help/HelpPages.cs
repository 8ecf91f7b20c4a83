namespace Seriatim.Cli;

/// <summary>The pages of all commands: groups in their order, examples, and the flags that are needed most.</summary>
internal static class HelpPages
{
    public const string Talk = "Generate and talk", Models = "Models", Measure = "Train and measure", Texts = "Texts and tokens",
        Serve = "Serve", Program = "This program";

    private static readonly Dictionary<string, HelpPage> All = new()
    {
        ["run"] = new(Talk, ["--system-prompt", "--max-tokens", "--seed", "--temp", "--json"],
            ("run stories", "continue what you type"),
            ("run owner/name \"Why is the sky blue?\"", "fetch a model from the hub, once, and ask it")),
        ["generate"] = new(Talk,
            ["--model", "--lora", "--file", "--input", "--max-tokens", "--seed", "--temp", "--top-p", "--stop", "--n",
                "--json", "--no-echo", "--verbose"],
            ("generate \"The cat\"", "a built-in model goes on"),
            ("generate -m MODEL -f prompt.txt -n 100 --temp 0", "the most probable 100 tokens"),
            ("generate -m MODEL --input prompts.jsonl --json > out.jsonl", "many prompts at once"),
            ("echo \"The cat\" | seriatim generate --no-echo", "in a pipe")),
        ["chat"] = new(Talk,
            ["--model", "--system-prompt", "--chat-template-file", "--max-tokens", "--seed", "--temp", "--window", "--json"],
            ("chat -m MODEL", "a conversation; /help lists its commands"),
            ("chat -m MODEL --system-prompt \"Answer in one sentence.\"", "")),
        ["translate"] = new(Talk, ["--model", "--to", "--from", "--file", "--output", "--beams", "--json"],
            ("translate \"我爱学习\"", "I love studying."),
            ("translate --to zh < in.txt > out.txt", "a line for a line"),
            ("translate -m zh-en-nar --iterations 4 \"我爱学习\"", "all words at once, refined three times")),
        ["fill"] = new(Talk, null, ("fill \"我[MASK]学习\"", "words for the mask, the best first")),
        ["list"] = new(Models, null, ("list", "built-in models and those of the cache"), ("list --json", "")),
        ["show"] = new(Models, null, ("show stories", "what it is, on one screen")),
        ["pull"] = new(Models, null, ("pull owner/name", "fetch it, or what has changed of it")),
        ["rm"] = new(Models, null, ("rm owner/name", "give its room on the disk back")),
        ["inspect"] = new(Models, null, ("inspect -m MODEL --tensors", "every parameter"),
            ("inspect -m MODEL -c 8192", "memory at a length"),
            ("inspect -m MODEL --stages 4", "how mpirun -np 4 would cut it")),
        ["check"] = new(Models, null, ("check MODEL", "finite logits, cache, tokenizer, template, generation"),
            ("check FOLDER model.gguf", "do both say the same?")),
        ["convert"] = new(Models, null, ("convert -m FOLDER -o model.gguf", ""), ("convert -m model.gguf -o FOLDER", "")),
        ["quantize"] = new(Models, null, ("quantize -m MODEL -o small.gguf --type q4_k_m", "fewer bits, and what they cost")),
        ["train"] = new(Measure, null, ("train recipes/tinyshakespeare", "a model of your own"),
            ("train recipe.json --resume", "from the newest checkpoint on")),
        ["distill"] = new(Measure, null,
            ("distill -m zh-en --data train.tsv --to en -o pairs.tsv", "a teacher's translations to train on"),
            ("distill -m zh-en --data train.tsv --to en -o pairs.tsv --resume", "what is missing")),
        ["vmap"] = new(Measure, null,
            ("vmap -m zh-en --data train.tsv --to en -o vmap.txt", "for translate --vmap: which words may come of which")),
        ["eval"] = new(Measure, ["--model", "--data", "--to", "--marker", "--json"],
            ("eval -m MODEL --data test.tsv --to en", "BLEU and chrF"), ("eval -m MODEL --data valid.txt", "perplexity")),
        ["bench"] = new(Measure, null, ("bench -m MODEL", ""), ("bench --shape tinyllama-1.1b --quant q4_k_m", "without a file")),
        ["lab"] = new(Measure, ["--model", "--quick", "--html"], ("lab", "the experiments and their claims"),
            ("lab all --quick --html lab.html", "everything, as a page")),
        ["lab cluster"] = new(Measure,
            ["--replicas", "--requests", "--rate", "--trace", "--cost", "--routing", "--kill-every", "--json"],
            ("lab cluster --replicas 1000 --requests 100000 --rate 2000", "three ways to route, on a trace that is made"),
            ("lab cluster --trace trace.jsonl --cost cost.json", "a trace and a machine of yours"),
            ("lab cluster --measure MODEL --cost cost.json", "what steps take on this machine")),
        ["embed"] = new(Texts, null, ("embed -m MODEL \"a text\" --json", "a vector"),
            ("embed -m MODEL -f lines.txt", "a vector a line")),
        ["classify"] = new(Texts, null, ("classify -m MODEL \"a text\"", "labels, the most probable first")),
        ["tag"] = new(Texts, null, ("tag -m MODEL \"a text\"", "names and their kinds"),
            ("tag -m MODEL \"a text\" --tokens", "the class of each token")),
        ["answer"] = new(Texts, null, ("answer -m MODEL -q \"a question\" \"a text\"", "where the text answers it")),
        ["score"] = new(Texts, null, ("score -m MODEL \"a text\"", "how probable it is")),
        ["tokenize"] = new(Texts, null,
            ("tokenize show -m stories \"The cat\"", "pieces in colour"), ("tokenize count -m stories < file.txt", "how many")),
        ["serve"] = new(Serve,
            ["--model", "--models-dir", "--host", "--port", "--api-key", "--keep-alive", "--memory", "--ctx-size", "--parallel"],
            ("serve", "the built-in models, at http://127.0.0.1:8080"),
            ("serve -m MODEL=mine --port 9000", "one model, under a name of its own"),
            ("serve -m MODEL --lora-modules NAME=FOLDER", "an adapter of it, under a name of its own"),
            ("serve --models-dir FOLDER --memory 8g", "all that lie in a folder, as many as fit at a time"),
            ("serve -m MODEL --cluster redis://host:6379", "one of several that share requests and lose no stream")),
        ["ui"] = new(Serve, ["--model", "--models-dir", "--host", "--port", "--no-browser"],
            ("ui", "talk, translate, look inside, in the browser"), ("ui -m MODEL", "with a model of yours")),
        ["batch"] = new(Serve, ["--output", "--model", "--lines"],
            ("batch in.jsonl -o out.jsonl -m MODEL", "a request a line, as OpenAI's batches have them")),
        ["replay"] = new(Serve, null, ("replay ID", "the same bytes again?"), ("replay record.json --server "
            + "http://other:8080", "")),
        ["cluster"] = new(Serve, null, ("cluster status", "which silos there are, and how busy they are"),
            ("cluster status --url http://other:8080", "as another silo sees it")),
        ["doctor"] = new(Program, null, ("doctor", "what this machine can do, and what could be better")),
        ["completion"] = new(Program, null,
            ("completion bash > ~/.local/share/bash-completion/completions/seriatim", ""),
            ("completion zsh > ~/.zfunc/_seriatim", ""),
            ("completion fish > ~/.config/fish/completions/seriatim.fish", ""),
            ("completion pwsh >> $PROFILE", "")),
        ["help"] = new(Program, null, ("help generate", "")),
        ["version"] = new(Program, null),
    };

    /// <summary>Headings of the overview, in order.</summary>
    public static IReadOnlyList<string> Groups { get; } = [Talk, Models, Measure, Texts, Serve, Program];

    /// <summary>What to type first.</summary>
    public static IReadOnlyList<(string Line, string What)> First { get; } =
    [
        ("generate \"The cat\"", "a built-in model goes on with it"),
        ("translate \"我爱学习\"", "and another one translates"),
        ("run owner/name", "talk with a model from the hub"),
        ("list", "what models there are"),
    ];

    /// <summary>All commands that have a page.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>The page of a command; null: none.</summary>
    public static HelpPage? Of(string name) => All.GetValueOrDefault(name);
}
