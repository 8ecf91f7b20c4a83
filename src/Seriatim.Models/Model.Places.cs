namespace Seriatim.Models;

/// <content>Where in the model something is: for whoever looks at its passes.</content>
public sealed partial class Model
{
    private readonly IReadOnlyDictionary<string, GroupedWeight> _linears;
    private Dictionary<object, string>? _paths;

    /// <summary>What the parts are called in the checkpoints of the family, whatever file they were read from.</summary>
    internal NameTable ModuleNames { get; set; } = [];

    /// <summary>
    /// The path of a weight that an op was called with (<see cref="OpView.Weights"/>), e.g. <c>layers.3.attention.q</c>; null: it
    /// is none of this model's.
    /// </summary>
    /// <param name="weight">A <see cref="LinearWeight"/> or a <see cref="Parameter"/>.</param>
    public string? PathOf(object weight) => (_paths ??= Paths()).GetValueOrDefault(weight);

    /// <summary>
    /// What rows of the residual stream would be if the layer they come from were the last: the final norm, and the projection
    /// to the width of the embedding if there is one. With <see cref="Project(IOps, Tensor)"/> a logit lens (nostalgebraist,
    /// 2020).
    /// </summary>
    /// <param name="ops">The device.</param>
    /// <param name="stream">Rows, <c>[N, E]</c>, or <c>[N, 2E]</c> if the stream has two halves.</param>
    public Tensor Finish(IOps ops, Tensor stream) => (_decoder ?? _encoder!).Finish(ops, stream, null);

    private Dictionary<object, string> Paths()
    {
        var paths = new Dictionary<object, string>(ReferenceEqualityComparer.Instance);
        foreach (ModelParameter parameter in Parameters)
            paths.TryAdd(parameter.Parameter, parameter.Path);
        foreach ((string path, GroupedWeight weight) in _linears)
            paths.TryAdd(weight, path);
        return paths;
    }
}
