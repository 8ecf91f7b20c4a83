using System.Security.Cryptography;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// How the stages of a model begin together: each reads the headers of its files, all compare what they found, each loads its
/// layers, and nobody goes on before all have. Each rank goes through both comparisons, also one that fails.
/// </summary>
internal sealed class PipelineStart
{
    private const string Together = "run one model together";
    private readonly ProcessGroup _group;
    private readonly GroupStart _loading;

    private PipelineStart(PipelineOptions options, IReadOnlyList<ModelStage> stages)
    {
        (Options, _group, Stages) = (options, options.Group, stages);
        _loading = NewStart(_group);
    }

    public PipelineOptions Options { get; }

    /// <summary>The stages, by rank.</summary>
    public IReadOnlyList<ModelStage> Stages { get; }

    /// <summary>That of this process.</summary>
    public ModelStage Own => Stages[_group.Rank];

    /// <summary>Cuts the model, and compares with the other ranks what is about to be loaded.</summary>
    /// <param name="options">The processes.</param>
    /// <param name="folder">The model's folder, or GGUF file.</param>
    /// <param name="load">How it is loaded.</param>
    /// <exception cref="ProcessGroupException">A rank cannot, or is about to load something else.</exception>
    public static PipelineStart Begin(PipelineOptions options, string folder, ModelLoadOptions load)
    {
        GroupStart start = NewStart(options.Group);
        try
        {
            options.Check();
            ModelSizes sizes = Model.Measure(folder);
            IReadOnlyList<ModelStage> stages = options.Layers is { } layers
                ? StageCut.Of(sizes.Spec, layers)
                : StageCut.Balanced(sizes, options.Group.Size);
            start.Agree(FactsOf(sizes, stages, load));
            return new PipelineStart(options, stages);
        }
        catch (Exception failure)
        {
            throw start.Fail(failure);
        }
    }

    /// <summary>This rank's layers are loaded, and so are those of all others.</summary>
    /// <param name="model">The layers. Rank 0's knows the fingerprint of the whole model then.</param>
    /// <exception cref="ProcessGroupException">Another rank could not load its own.</exception>
    public void Complete(Model model)
    {
        _loading.Agree(new Dictionary<string, string>());
        if (_group.IsFirst)
            model.JoinFingerprint(PipelineMessages.Answers(_group));
        else
            PipelineMessages.Reply(_group, model.FingerprintPart());
    }

    /// <summary>Tells the others that this rank could not load.</summary>
    public Exception Fail(Exception failure) => _loading.Fail(failure);

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
