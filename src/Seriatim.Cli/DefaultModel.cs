using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>The option <c>-m</c> of a command that has a built-in model by default.</summary>
internal sealed class DefaultModel
{
    private readonly string _name;

    /// <param name="name">Its built-in name.</param>
    public DefaultModel(string name)
    {
        _name = name;
        Option = SharedOptions.Model();
        Option.Required = false;
        Option.DefaultValueFactory = _ => name;
    }

    public Option<string> Option { get; }

    /// <summary>The folder of the model that was given, or of the default.</summary>
    public Task<string> ResolveAsync(ParseResult result, CancellationToken cancellation)
    {
        IReadOnlyList<string> there = new ModelHub().BuiltIn;
        if (result.IsGiven(Option) || there.Contains(_name))
            return ModelFolder.ResolveAsync(result.GetRequiredValue(Option), cancellation);
        string others = there.Count > 0 ? $"the built-in models are {string.Join(", ", there)}"
            : "no built-in models are found (they lie in the folder models beside the program, or in the folder that "
                + "SERIATIM_MODELS names)";
        throw new UserErrorException(
            $"Without -m, {result.CommandResult.Command.Name} uses the built-in model {_name}, which is missing: {others}. Give "
                + "a model with -m.");
    }
}
