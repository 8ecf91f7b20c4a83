using System.Globalization;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// A training run as one JSON file. Keys have the names of the reference library's <c>TrainingArguments</c> where it has them;
/// paths are relative to the file; unknown keys are refused by name. docs/guide/training.md lists all keys.
/// </summary>
public sealed record TrainingRecipe
{
    /// <summary>The file as it was read, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Json { get; init; }

    /// <summary><c>model_config</c>: the config of a new model; null to fine-tune.</summary>
    public ReadOnlyMemory<byte>? ModelConfig { get; init; }

    /// <summary><c>model_name_or_path</c>: the folder of a model to go on from; null for a new one.</summary>
    public string? ModelFolder { get; init; }

    /// <summary><c>init_from</c>: where a new model takes what weights it can from; null: all begin at random.</summary>
    public WarmStart? InitFrom { get; init; }

    /// <summary><c>init_std</c>: standard deviation of new matrices; null: 1 / sqrt(columns).</summary>
    public float? InitialDeviation { get; init; }

    /// <summary><c>init_positions</c>: whether learned positions of a new model begin as sinusoids.</summary>
    public bool SinusoidalPositions { get; init; }

    /// <summary><c>tokenizer</c>: a tokenizer.json.</summary>
    public required string Tokenizer { get; init; }

    /// <summary><c>train_tokenizer</c>: makes the tokenizer if its file is not there; null: it has to be there.</summary>
    public TokenizerRecipe? TrainTokenizer { get; init; }

    /// <summary><c>output_dir</c>: where checkpoints and metrics go.</summary>
    public required string OutputFolder { get; init; }

    /// <summary><c>cache_dir</c>: where token caches lie; by default <c>cache</c> in the output folder.</summary>
    public required string CacheFolder { get; init; }

    /// <summary><c>objective</c>.</summary>
    public ObjectiveKind Objective { get; init; }

    /// <summary><c>mlm_probability</c>: share of masked ids.</summary>
    public double MaskShare { get; init; } = 0.15;

    /// <summary><c>noise_density</c>: share of ids in corrupted spans.</summary>
    public double NoiseDensity { get; init; } = 0.15;

    /// <summary><c>mean_noise_span_length</c>.</summary>
    public double SpanLength { get; init; } = 3;

    /// <summary><c>train_files</c>.</summary>
    public required IReadOnlyList<RecipeData> TrainFiles { get; init; }

    /// <summary><c>validation_files</c>.</summary>
    public IReadOnlyList<RecipeData> ValidationFiles { get; init; } = [];

    /// <summary><c>validation_split</c>: share of each training file held back; 0: none.</summary>
    public double ValidationSplit { get; init; }

    /// <summary><c>add_special_tokens</c> and <c>append_eos</c>.</summary>
    public required ExampleEncoding Encoding { get; init; }

    /// <summary><c>max_length</c>: longest sequence; 0: the model's context.</summary>
    public int MaxLength { get; init; }

    /// <summary><c>long_sequences</c>.</summary>
    public LongSequences LongSequences { get; init; }

    /// <summary><c>max_bad_lines</c>: most data lines without an example.</summary>
    public long MaxBadLines { get; init; }

    /// <summary><c>per_device_train_batch_tokens</c>, <c>per_device_train_batch_size</c>, <c>group_by_length</c>.</summary>
    public required BatchPacking Packing { get; init; }

    /// <summary><c>gradient_accumulation_steps</c>.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary><c>max_steps</c>; 0: <see cref="Epochs"/> says how many.</summary>
    public long MaxSteps { get; init; }

    /// <summary><c>num_train_epochs</c>: passes over the data; counts where <see cref="MaxSteps"/> is 0.</summary>
    public double Epochs { get; init; }

    /// <summary><c>lr_scheduler_type</c> and its values.</summary>
    public required ScheduleOptions Schedule { get; init; }

    /// <summary>
    /// <c>metric_for_best_model</c>, <c>greater_is_better</c>, <c>load_best_model_at_end</c>, <c>early_stopping_patience</c>;
    /// null: no checkpoint is the best.
    /// </summary>
    public BestModelOptions? Best { get; init; }

    /// <summary><c>optim</c>.</summary>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Whether <see cref="Optimizer"/> is Lion, which keeps one moment of each weight.</summary>
    public bool UseLion => Optimizer == OptimizerKind.Lion;

    /// <summary><c>adam_beta1</c>, <c>adam_beta2</c>, <c>adam_epsilon</c>, <c>weight_decay</c>.</summary>
    public required AdamWOptions Adam { get; init; }

    /// <summary><c>max_grad_norm</c>; 0: no clipping.</summary>
    public double MaxGradientNorm { get; init; }

    /// <summary><c>scheduled_sampling</c>; null: the decoder always sees the right ids.</summary>
    public ScheduledSampling? Sampling { get; init; }

    /// <summary>
    /// <c>teacher_model_name_or_path</c>, <c>distillation_temperature</c>, <c>distillation_weight</c>; null: no teacher.
    /// </summary>
    public TeacherOptions? Teacher { get; init; }

    /// <summary>
    /// <c>gradient_checkpointing</c>: the backward pass computes layers again instead of keeping them. Changes no bit.
    /// </summary>
    public bool RecomputesLayers { get; init; }

    /// <summary><c>label_smoothing_factor</c>.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary><c>freeze</c> and <c>no_decay</c>.</summary>
    public required ParameterSelection Selection { get; init; }

    /// <summary><c>ema_decay</c>; 0: no average.</summary>
    public double AverageDecay { get; init; }

    /// <summary><c>save_steps</c>; 0: only at the end.</summary>
    public long SaveSteps { get; init; }

    /// <summary><c>predict_with_generate</c> and what belongs to it; null: evaluations generate nothing.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary><c>save_dtype</c>: how the finished model is stored; checkpoints are always F32.</summary>
    public DataType FinalType { get; init; } = DataType.F32;

    /// <summary>
    /// <c>bf16</c>: products read matrices rounded to BF16; optimizers change F32 values that they are rounded from.
    /// </summary>
    public bool KeepsMasters { get; init; }

    /// <summary><c>save_total_limit</c>; 0: all.</summary>
    public int SaveTotalLimit { get; init; }

    /// <summary><c>eval_steps</c>; 0: only at the end.</summary>
    public long EvalSteps { get; init; }

    /// <summary><c>logging_steps</c>.</summary>
    public long LoggingSteps { get; init; }

    /// <summary><c>seed</c>: of new weights, order and masks.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// <c>dropout</c>: of embeddings, the residual stream and the last rows, in place of what the model's config says.
    /// </summary>
    public float? Dropout { get; init; }

    /// <summary><c>attention_dropout</c>: of attention weights, in place of what the model's config says.</summary>
    public float? AttentionDropout { get; init; }

    /// <summary>
    /// <c>activation_dropout</c>: of inner rows of feed-forward layers, in place of what the model's config says.
    /// </summary>
    public float? ActivationDropout { get; init; }

    /// <summary><c>layerdrop</c> was given as 0: a model config that drops layers is trained without that.</summary>
    public bool LayerDropOff { get; init; }

    /// <summary>Reads a recipe.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="RecipeException">A key is unknown, missing or has no sense; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TrainingRecipe Load(string path) => Parse(File.ReadAllBytes(path), path);

    /// <summary>Reads a recipe.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="path">Its path, for messages and relative paths.</param>
    /// <exception cref="RecipeException">A key is unknown, missing or has no sense; the message names it.</exception>
    public static TrainingRecipe Parse(ReadOnlyMemory<byte> json, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new RecipeException($"{path} is a JSON {document.RootElement.ValueKind}; an object is needed.");
            var reader = new RecipeReader(path, document.RootElement);
            TrainingRecipe recipe = Read(reader, json, Path.GetDirectoryName(Path.GetFullPath(path))!);
            reader.Complete();
            return recipe;
        }
        catch (JsonException error)
        {
            throw new RecipeException($"{path} is not JSON: {error.Message}");
        }
    }

    // Longer than the house rule: one line a key, nothing else.
    private static TrainingRecipe Read(RecipeReader reader, ReadOnlyMemory<byte> json, string folder)
    {
        string Full(string relative) => Path.GetFullPath(Path.Combine(folder, relative));
        string output = Full(reader.Needed("output_dir"));
        if (reader.Number("layerdrop", 0) != 0)
            throw reader.Wrong("layerdrop", "0 (dropping whole layers is not built)");
        byte[]? config = reader.Json("model_config");
        string? model = reader.Text("model_name_or_path");
        if (config is null == model is null)
        {
            throw new RecipeException(
                "Give either \"model_config\" for a new model or \"model_name_or_path\" to go on from one.");
        }
        if (reader.Has("max_steps") == reader.Has("num_train_epochs"))
        {
            throw reader.Has("max_steps") ? new RecipeException("Give either \"max_steps\" or \"num_train_epochs\", not both.")
                : reader.Missing("max_steps", "num_train_epochs");
        }

        return new TrainingRecipe
        {
            Json = json,
            ModelConfig = config is null ? null : (ReadOnlyMemory<byte>?)config,
            ModelFolder = model is null ? null : Full(model),
            InitFrom = WarmStart.Read(reader, Full),
            InitialDeviation = reader.Has("init_std") ? (float)reader.Number("init_std", 0) : null,
            SinusoidalPositions = reader.OneOf("init_positions", false, ("random", false), ("sinusoidal", true)),
            Tokenizer = Full(reader.Needed("tokenizer")),
            TrainTokenizer = reader.Object("train_tokenizer") is { } vocabulary ? TokenizerRecipe.Read(vocabulary) : null,
            OutputFolder = output,
            CacheFolder = reader.Text("cache_dir") is { } cache ? Full(cache) : Path.Combine(output, "cache"),
            Objective = reader.OneOf("objective", ObjectiveKind.NextToken, ("next_token", ObjectiveKind.NextToken),
                ("sequence_to_sequence", ObjectiveKind.SequenceToSequence), ("masked_tokens", ObjectiveKind.MaskedTokens),
                ("span_corruption", ObjectiveKind.SpanCorruption), ("mask_predict", ObjectiveKind.MaskPredict)),
            MaskShare = reader.Number("mlm_probability", 0.15, 1e-6, 1),
            NoiseDensity = reader.Number("noise_density", 0.15, 1e-6, 0.99),
            SpanLength = reader.Number("mean_noise_span_length", 3, 1),
            TrainFiles = Files(reader, "train_files", folder),
            ValidationFiles = Files(reader, "validation_files", folder),
            ValidationSplit = reader.Number("validation_split", 0, 0, 0.99),
            Encoding = new ExampleEncoding(reader.Flag("add_special_tokens", false),
                reader.Has("append_eos") ? (int)reader.Whole("append_eos", 0) : null),
            MaxLength = (int)reader.Whole("max_length", 0, 1),
            LongSequences = reader.OneOf("long_sequences", LongSequences.Refuse,
                ("refuse", LongSequences.Refuse), ("split", LongSequences.Split), ("skip", LongSequences.Skip)),
            MaxBadLines = reader.Whole("max_bad_lines", 0),
            Packing = ReadPacking(reader),
            AccumulationSteps = (int)reader.Whole("gradient_accumulation_steps", 1, 1),
            MaxSteps = reader.Whole("max_steps", 0, 1),
            Epochs = reader.Number("num_train_epochs", 0, 1e-6, 1e6),
            Schedule = ScheduleOptions.Read(reader),
            Best = BestModelOptions.Read(reader),
            Optimizer = reader.OneOf("optim", OptimizerKind.AdamW, ("adamw", OptimizerKind.AdamW),
                ("adamw_torch", OptimizerKind.AdamW), ("lion", OptimizerKind.Lion), ("adafactor", OptimizerKind.Adafactor)),
            Sampling = ScheduledSampling.Read(reader),
            Teacher = TeacherOptions.Read(reader, Full),
            RecomputesLayers = reader.Flag("gradient_checkpointing", false),
            Adam = ReadAdam(reader),
            MaxGradientNorm = reader.Number("max_grad_norm", 1),
            LabelSmoothing = (float)reader.Number("label_smoothing_factor", 0, 0, 0.99),
            Selection = new ParameterSelection { Frozen = reader.Texts("freeze"), WithoutDecay = reader.Texts("no_decay") },
            AverageDecay = reader.Number("ema_decay", 0, 0, 0.999999),
            SaveSteps = reader.Whole("save_steps", 500),
            SaveTotalLimit = (int)reader.Whole("save_total_limit", 0),
            Generation = GenerationOptions.Read(reader),
            FinalType = reader.OneOf("save_dtype", DataType.F32, ("float32", DataType.F32), ("bfloat16", DataType.BF16),
                ("float16", DataType.F16)),
            KeepsMasters = reader.Flag("bf16", false),
            EvalSteps = reader.Whole("eval_steps", 0),
            LoggingSteps = reader.Whole("logging_steps", 50, 1),
            Seed = (ulong)reader.Whole("seed", 42),
            Dropout = Rate(reader, "dropout"),
            AttentionDropout = Rate(reader, "attention_dropout"),
            ActivationDropout = Rate(reader, "activation_dropout"),
            LayerDropOff = reader.Has("layerdrop"),
        };
    }

    private static IReadOnlyList<RecipeData> Files(RecipeReader reader, string key, string folder)
    {
        RecipeData[] files = [.. reader.Objects(key).Select(file => RecipeData.Read(file, folder))];
        return files.Length > 0 || key != "train_files" ? files : throw reader.Missing("train_files");
    }

    /// <summary>The rates of a run.</summary>
    /// <param name="config">What the model's config says.</param>
    internal DropoutRates DropoutOf(DropoutRates config) => new(
        Dropout ?? config.Embedding, Dropout ?? config.Residual, AttentionDropout ?? config.Attention,
        ActivationDropout ?? config.Activation, Dropout ?? config.Final)
    {
        HashedAttention = AttentionDropout ?? config.HashedAttention,
    };

    private static float? Rate(RecipeReader reader, string key) => reader.Has(key) ? (float)reader.Number(key, 0, 0, 0.99) : null;

    private static BatchPacking ReadPacking(RecipeReader reader)
    {
        var packing = new BatchPacking
        {
            Tokens = (int)reader.Whole("per_device_train_batch_tokens", 0, 1),
            Examples = (int)reader.Whole("per_device_train_batch_size", 0, 1),
            GroupByLength = reader.Flag("group_by_length", false),
        };
        return packing.Tokens > 0 || packing.Examples > 0 ? packing
            : throw new RecipeException("Give \"per_device_train_batch_tokens\" or \"per_device_train_batch_size\".");
    }

    private static AdamWOptions ReadAdam(RecipeReader reader) => new()
    {
        Beta1 = reader.Number("adam_beta1", 0.9, 0, 0.999999),
        Beta2 = reader.Number("adam_beta2", 0.999, 0, 0.9999999),
        Epsilon = reader.Number("adam_epsilon", 1e-8, 1e-30),
        WeightDecay = reader.Number("weight_decay", 0),
    };

    /// <summary>Kind and number of steps, for messages.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Objective}, {(MaxSteps > 0 ? $"{MaxSteps} steps" : $"{Epochs} epochs")}");
}
