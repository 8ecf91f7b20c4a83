namespace Seriatim.Models;

/// <summary>
/// Adapters in the layout of huggingface/peft: a folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. Of
/// its kinds low-rank products of linear weights are read (LoRA, Hu et al., 2021; rank-stabilised ones too, and ranks and scales
/// by patterns); whatever else a file holds or its config asks for is refused by name.
/// </summary>
public static class PeftAdapter
{
    /// <summary>Name of the config in a folder.</summary>
    public const string ConfigFileName = "adapter_config.json";

    /// <summary>Name of the tensors in a folder.</summary>
    public const string TensorsFileName = "adapter_model.safetensors";

    private const string Root = "base_model.model.", EndA = ".lora_A.weight", EndB = ".lora_B.weight";

    /// <summary>Refuses a folder that is no such adapter, without reading it.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ModelFormatException">It is not there, or a file is missing.</exception>
    public static void RequireFiles(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (File.Exists(folder))
        {
            throw new ModelFormatException(folder, "is a file, and an adapter is a folder as PEFT saves it.",
                $"Give the folder that holds {ConfigFileName} and {TensorsFileName}; GGUF adapters are not read.");
        }

        if (!Directory.Exists(folder))
        {
            throw new ModelFormatException(
                folder, "there is no such folder.", $"Give the folder that holds {ConfigFileName} and {TensorsFileName}.");
        }

        foreach (string name in (string[])[ConfigFileName, TensorsFileName])
        {
            if (!File.Exists(Path.Combine(folder, name)))
            {
                throw new ModelFormatException(folder, $"has no {name}.",
                    "An adapter is a folder as PEFT's save_pretrained writes it, with safetensors.");
            }
        }
    }

    /// <summary>Reads an adapter of a model: what it adds to which weights, for <see cref="Model.AddAdapter"/>.</summary>
    /// <param name="model">The model, or its first stage. Its weights may be of any file format.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="elsewhere">
    /// Shapes of the linear weights that are in other stages, by their paths; null: there are none.
    /// </param>
    /// <exception cref="ModelFormatException">
    /// A file is missing or damaged, is of another kind, or is no adapter of this model: the message says what does not fit.
    /// </exception>
    public static IReadOnlyDictionary<string, LowRankFactors> Read(
        Model model, string folder, IReadOnlyDictionary<string, LinearShape>? elsewhere = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        RequireFiles(folder);
        PeftConfig config = PeftConfig.Read(Path.Combine(folder, ConfigFileName));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, TensorsFileName));
        var factors = new Dictionary<string, LowRankFactors>(StringComparer.Ordinal);
        var read = new HashSet<string>(StringComparer.Ordinal);
        elsewhere ??= new Dictionary<string, LinearShape>();
        foreach ((string path, LinearShape shape) in model.LinearShapes.Concat(elsewhere))
        {
            if (PlaceOf(model, path) is { } place && ModuleOf(model, place, file) is { } module)
                factors.Add(path, Of(file, config, module, place, shape, read));
        }

        foreach (SafetensorsEntry entry in file.Entries)
        {
            if (!read.Contains(entry.Name))
            {
                throw new ModelFormatException(file.Path,
                    $"has {entry}, and the model ({model.Spec.Family}) has no linear weight that it would be for.",
                    "The adapter is of another model, or adds to more than linear weights, which is not done here.");
            }
        }

        return factors.Count > 0 ? factors
            : throw new ModelFormatException(file.Path, "has no tensors.", "Save the adapter again.");
    }

    /// <summary>Where the checkpoints of the model's family have a weight; null: not as a matrix of its own.</summary>
    private static TensorPlace? PlaceOf(Model model, string path) => model.ModuleNames.TryFind(path, ".weight") is
    {
        Slices: 0, Form: null, TurnedHead: 0, ColumnTiles: null,
    } place && place.Name.EndsWith(".weight", StringComparison.Ordinal) ? place : null;

    /// <summary>The module of a weight by the name that the file has for it; null: nothing is added to it.</summary>
    private static string? ModuleOf(Model model, TensorPlace place, SafetensorsFile file)
    {
        string module = place.Name[..^".weight".Length];
        string[] names = model.ModuleNames.OptionalPrefix is { } prefix && module.StartsWith(prefix, StringComparison.Ordinal)
            ? [module, module[prefix.Length..]] : [module];
        return names.FirstOrDefault(name => file.TryGet(Root + name + EndA, out _) || file.TryGet(Root + name + EndB, out _));
    }

    private static LowRankFactors Of(SafetensorsFile file, PeftConfig config, string module, TensorPlace place,
        LinearShape shape, HashSet<string> read)
    {
        SafetensorsEntry a = file[Root + module + EndA], b = file[Root + module + EndB];
        (int rank, int outputs) = (config.RankOf(module), place.Rows?.Total ?? shape.Outputs);
        Require(file, a, rank, shape.Inputs);
        Require(file, b, outputs, rank);
        read.Add(a.Name);
        read.Add(b.Name);
        float[] up = file.ReadF32(b);
        if (place.Rows is not null || place.RowTiles is not null)
        {
            // One module of the checkpoint is several weights here, each with the rows of B that are its own.
            float[] own = new float[shape.Outputs * rank];
            for (int row = 0; row < shape.Outputs; row++)
                up.AsSpan(place.FileRow(row) * rank, rank).CopyTo(own.AsSpan(row * rank));
            up = own;
        }

        return new LowRankFactors(file.ReadF32(a), up, rank, config.ScaleOf(module));
    }

    private static void Require(SafetensorsFile file, SafetensorsEntry entry, int rows, int columns)
    {
        if (entry.Shape is not [var own, var wide] || own != rows || wide != columns)
        {
            throw new ModelFormatException(file.Path, $"has {entry}; [{rows}, {columns}] is needed.",
                $"The adapter is of another model, or its {ConfigFileName} of another adapter.");
        }
    }
}
