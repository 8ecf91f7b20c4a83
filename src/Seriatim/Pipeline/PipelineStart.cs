using System.Security.Cryptography;
using System.Text.Json;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// How the stages of a model begin together: rank 0 tells the others which it is, each reads the headers of its files, all
/// compare what they found, each loads its layers, and nobody goes on before all have. Each rank goes through both comparisons,
/// also one that fails.
/// </summary>
internal sealed class PipelineStart
{
    private const string Together = "run one model together";
    private readonly ProcessGroup _group;
    private readonly GroupStart _loading;

    private PipelineStart(PipelineOptions options, PipelineHost? host, int model, IReadOnlyList<ModelStage> stages)
    {
        (Options, _group, Host, Number, Stages) = (options, options.Group, host, model, stages);
        _loading = NewStart(_group);
    }

    public PipelineOptions Options { get; }

    /// <summary>What rank 0 tells the others by; null: this is another rank.</summary>
    public PipelineHost? Host { get; }

    /// <summary>What rank 0 and the others know the model by.</summary>
    public int Number { get; }

    /// <summary>The stages, by rank.</summary>
    public IReadOnlyList<ModelStage> Stages { get; }

    /// <summary>That of this process.</summary>
    public ModelStage Own => Stages[_group.Rank];

    /// <summary>At rank 0: what each stage has said of itself when it was loaded, by rank from 1.</summary>
    public IReadOnlyList<StageReport> Reports { get; private set; } = [];

    /// <summary>At rank 0: shapes of the linear weights of the other stages, by their paths and ranks.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, LinearShape>> Shapes { get; private set; } = [];

    /// <summary>Cuts the model, and compares with the other ranks what is about to be loaded.</summary>
    /// <param name="options">The processes.</param>
    /// <param name="folder">The model's folder, or GGUF file.</param>
    /// <param name="load">How it is loaded.</param>
    /// <param name="name">What the others find it by; null: as the folder.</param>
    /// <exception cref="ProcessGroupException">A rank cannot, or is about to load something else.</exception>
    /// <exception cref="StageCutException">The model cannot be cut, and there are others besides that go on.</exception>
    public static PipelineStart Begin(PipelineOptions options, string folder, ModelLoadOptions load, string? name = null)
    {
        PipelineHost? host = null;
        int model = 0;
        if (options.Group.IsFirst)
        {
            host = options.Host ?? new PipelineHost(options.Group);

            // Processes that serve other models, too, hear of none that cannot be cut.
            if (options.Host is not null)
                options = options with { Layers = [.. Cut(options, Model.Measure(folder)).Select(stage => stage.Count)] };
            model = host.NextModel();
            var opening = new StageOpening(name ?? folder, options.Layers, load.Storage, load.Placement);
            host.Tell(new StageCommand(StageCommandKind.Open, model),
                JsonSerializer.SerializeToUtf8Bytes(opening, PipelineJson.Default.StageOpening));
        }

        GroupStart start = NewStart(options.Group);
        try
        {
            ModelSizes sizes = Model.Measure(folder);
            IReadOnlyList<ModelStage> stages = Cut(options, sizes);
            start.Agree(FactsOf(sizes, stages, load));
            return new PipelineStart(options, host, model, stages);
        }
        catch (Exception failure)
        {
            Exception told = start.Fail(failure);
            Forget(options, host, model);
            throw told;
        }
    }

    /// <summary>This rank's layers are loaded, and so are those of all others.</summary>
    /// <param name="model">The layers. Rank 0's knows the fingerprint of the whole model then.</param>
    /// <param name="report">What they take.</param>
    /// <exception cref="ProcessGroupException">Another rank could not load its own.</exception>
    public void Complete(Model model, StageReport report)
    {
        _loading.Agree(new Dictionary<string, string>());
        if (!_group.IsFirst)
        {
            PipelineMessages.Reply(_group, PipelineMessages.Loaded, model.FingerprintPart());
            PipelineMessages.Reply(_group, PipelineMessages.Loaded, JsonSerializer.SerializeToUtf8Bytes(
                new Dictionary<string, LinearShape>(model.LinearShapes), PipelineJson.Default.DictionaryStringLinearShape));
            PipelineMessages.Reply(_group, PipelineMessages.Loaded, PipelineMessages.Write(report));
            return;
        }

        model.JoinFingerprint(PipelineMessages.Replies(_group, PipelineMessages.Loaded));
        Shapes =
        [
            .. PipelineMessages.Replies(_group, PipelineMessages.Loaded).Select(
                bytes => JsonSerializer.Deserialize(bytes, PipelineJson.Default.DictionaryStringLinearShape)!),
        ];
        Reports = [.. PipelineMessages.Replies(_group, PipelineMessages.Loaded).Select(PipelineMessages.ReadReport)];
    }

    /// <summary>Tells the others that this rank could not load.</summary>
    public Exception Fail(Exception failure)
    {
        Exception told = _loading.Fail(failure);
        Forget(Options, Host, Number);
        return told;
    }

    /// <summary>Tells the others that this rank has nothing to load, before files are compared.</summary>
    /// <param name="options">The processes.</param>
    /// <param name="failure">Why.</param>
    public static Exception Refuse(PipelineOptions options, Exception failure) => NewStart(options.Group).Fail(failure);

    /// <summary>Where other models are served besides, the others give back what they have of this one.</summary>
    private static void Forget(PipelineOptions options, PipelineHost? host, int model)
    {
        if (options.Host is not null && host is { IsBroken: false })
            host.Tell(new StageCommand(StageCommandKind.Close, model));
    }

    private static IReadOnlyList<ModelStage> Cut(PipelineOptions options, ModelSizes sizes)
    {
        options.Check();
        return options.Layers is { } layers ? StageCut.Of(sizes.Spec, layers) : StageCut.Balanced(sizes, options.Group.Size);
    }

    /// <summary>Nothing is made once for all: nobody waits for rank 0 to have made it, also nobody that fails.</summary>
    private static GroupStart NewStart(ProcessGroup group)
    {
        var start = new GroupStart(group, Together);
        start.PassTurn();
        start.AwaitTurn();
        return start;
    }

    private static SortedDictionary<string, string> FactsOf(
        ModelSizes sizes, IReadOnlyList<ModelStage> stages, ModelLoadOptions load) => new(StringComparer.Ordinal)
        {
            ["(program)"] = string.Join(' ', new[] { typeof(PipelineStart), typeof(Model), typeof(Tensor) }
                .Select(type => type.Assembly.ManifestModule.ModuleVersionId.ToString("N")[..12])),
            ["(config)"] = Convert.ToHexStringLower(SHA256.HashData(sizes.Config.Span))[..16],
            ["(files)"] = sizes.FileDigest(),
            ["stages"] = string.Join(", ", stages),
            ["storage"] = $"{load.Storage}, {load.Placement}",
        };
}
