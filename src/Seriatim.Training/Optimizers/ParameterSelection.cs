using System.IO.Enumeration;

namespace Seriatim.Training;

/// <summary>Which parameters of a model are trained, and which of them decay.</summary>
/// <remarks>
/// Patterns may hold <c>*</c> and <c>?</c> and are compared with the whole name of a parameter in the model and with the name of
/// its tensor in checkpoints, case-sensitively.
/// </remarks>
public sealed record ParameterSelection
{
    /// <summary>Parameters that stay as they are, by name pattern.</summary>
    public IReadOnlyList<string> Frozen { get; init; } = [];

    /// <summary>Parameters without weight decay beyond the vectors, by name pattern.</summary>
    public IReadOnlyList<string> WithoutDecay { get; init; } = [];

    /// <summary>Whether vectors (biases, factors of norms) decay too; by default they do not.</summary>
    public bool DecayVectors { get; init; }

    /// <summary>
    /// Chooses the parameters of a model. Frozen ones get <see cref="Parameter.Trainable"/> false, so that no gradient is
    /// computed for them; the others get true.
    /// </summary>
    /// <param name="model">A model with F32 weights.</param>
    /// <returns>The parameters to train, in the order of the model.</returns>
    /// <exception cref="ArgumentException">A pattern matches nothing, nothing is left to train, or a weight is not
    /// F32.</exception>
    public IReadOnlyList<TrainableParameter> Select(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        foreach (string pattern in Frozen.Concat(WithoutDecay))
        {
            if (!model.Parameters.Any(p => Matches(p, pattern)))
                throw new ArgumentException(
                    $"The pattern '{pattern}' matches no parameter; names look like {model.Parameters[0].Parameter.Name}.");
        }

        var selected = new List<TrainableParameter>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ModelParameter parameter in model.Parameters.Where(p => !p.IsConstant))
        {
            bool frozen = Frozen.Any(pattern => Matches(parameter, pattern));
            if (!frozen && parameter.Parameter.Data.Type != DataType.F32)
            {
                throw new ArgumentException($"{parameter.Parameter} is stored as {parameter.Parameter.Data.Type}; load the model "
                    + "with WeightStorage.F32 to train it.");
            }
            if (!names.Add(parameter.Parameter.Name))
                throw new ArgumentException($"Two parameters are called {parameter.Parameter.Name}.");
            parameter.Parameter.Trainable = !frozen;
            if (!frozen)
                selected.Add(new TrainableParameter(parameter.Parameter, Decays(parameter)));
        }

        return selected.Count > 0
            ? selected
            : throw new ArgumentException("Every parameter is frozen; there is nothing to train.");
    }

    private bool Decays(ModelParameter parameter) =>
        (DecayVectors || !parameter.IsVector) && !WithoutDecay.Any(pattern => Matches(parameter, pattern));

    private static bool Matches(ModelParameter parameter, string pattern) =>
        FileSystemName.MatchesSimpleExpression(pattern, parameter.Parameter.Name, ignoreCase: false)
        || FileSystemName.MatchesSimpleExpression(pattern, parameter.Place.Name, ignoreCase: false);
}
