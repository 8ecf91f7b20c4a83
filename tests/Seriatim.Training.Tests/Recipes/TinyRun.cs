using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary>A run of a few steps on a few letters, in a folder of its own.</summary>
internal sealed class TinyRun : IDisposable
{
    private readonly TempFolder _folder = new();

    public TinyRun()
    {
        File.WriteAllBytes(_folder["tokenizer.json"], Letters.Json);
        _folder.Write("tokenizer_config.json", """{"mask_token": "<mask>", "eos_token": "</s>", "unk_token": "<unk>"}""");
        _folder.Write("data.txt", string.Concat(Enumerable.Range(0, 60).Select(i => $"the {(char)('a' + i * 7 % 26)} sat on the {(char)('a' + i * 11 % 26)}.\n")));
        Recipe = JsonNode.Parse("""
            {
              "output_dir": "out", "tokenizer": "tokenizer.json", "train_files": [{"path": "data.txt"}], "validation_split": 0.1,
              "long_sequences": "split", "per_device_train_batch_size": 3, "gradient_accumulation_steps": 2, "max_steps": 9,
              "learning_rate": 0.01, "lr_scheduler_type": "cosine", "warmup_steps": 2, "weight_decay": 0.1, "ema_decay": 0.5,
              "logging_steps": 2, "save_steps": 3, "eval_steps": 3, "seed": 1
            }
            """)!.AsObject();
        Recipe["model_config"] = JsonNode.Parse(TinyModel.GptConfig());
    }

    public JsonObject Recipe { get; }

    public string Output => _folder["out"];

    public TempFolder Folder => _folder;

    public TrainingRecipe Parse(JsonObject recipe, string folder = "") =>
        TrainingRecipe.Parse(Encoding.UTF8.GetBytes(recipe.ToJsonString()), Path.Combine(_folder[folder], "recipe.json"));

    public TrainingRecipe Parse() => TrainingRecipe.Parse(Encoding.UTF8.GetBytes(Recipe.ToJsonString()), _folder["recipe.json"]);

    public Trainer Trainer(int threads = 1, bool resume = false, IProgress<LogEntry>? progress = null,
        Func<GenerationTask, CancellationToken, IReadOnlyList<string>>? generate = null, Device? device = null,
        ProcessGroup? group = null) =>
        new(Parse(), new TrainingOptions
        {
            Threads = threads,
            Resume = resume,
            Progress = progress,
            Generate = generate,
            Device = device ?? Device.Cpu,
            Group = group ?? ProcessGroup.Alone,
        });

    public Trainer Trainer(TrainingRecipe recipe, ProcessGroup group) =>
        new(recipe, new TrainingOptions { Threads = 1, Group = group });

    /// <summary>Trains with several ranks, to the end or to a step.</summary>
    public void Together(int ranks, int stop = 0, bool resume = false) => Assert.All(ThreadGroup.Run(ranks, group =>
    {
        using Trainer trainer = Trainer(resume: resume, group: group);
        using var cancel = new CancellationTokenSource();
        trainer.AfterStep = step =>
        {
            if (step == stop)
                cancel.Cancel();
        };
        trainer.Run(cancel.Token);
    }), Assert.Null);

    /// <summary>SHA-256 of every file of a checkpoint.</summary>
    public string[] Hashes(string checkpoint) => [.. Directory.GetFiles(Path.Combine(Output, checkpoint)).Order(StringComparer.Ordinal)
        .Select(f => $"{Path.GetFileName(f)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))}")];

    public void Dispose() => _folder.Dispose();
}
