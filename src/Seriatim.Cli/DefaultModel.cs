using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>The option <c>-m</c> of a command that has a built-in model by default: of the names it likes, the first that is in <c>models</c>.</summary>
internal sealed class DefaultModel
{
    private readonly string[] _names;

    /// <param name="names">Built-in names, the one that is wanted most first.</param>
    public DefaultModel(params string[] names)
    {
        _names = names;
        Option = SharedOptions.Model();
        Option.Required = false;
        Option.DefaultValueFactory = _ => Best(new ModelHub().BuiltIn) ?? names[0];
    }

    public Option<string> Option { get; }

    /// <summary>The folder of the model that was given, or of the default.</summary>
    public Task<string> ResolveAsync(ParseResult result, CancellationToken cancellation)
    {
        IReadOnlyList<string> there = new ModelHub().BuiltIn;
        if (result.IsGiven(Option) || Best(there) is not null)
            return ModelFolder.ResolveAsync(result.GetRequiredValue(Option), cancellation);
        string others = there.Count > 0 ? $"the built-in models are {string.Join(", ", there)}"
            : "no built-in models are found (they lie in the folder models of the repository, and are seen from any folder in it)";
        throw new UserErrorException(
            $"Without -m, {result.CommandResult.Command.Name} uses the built-in model {string.Join(" or ", _names)}, which is missing: {others}. Give a model with -m.");
    }

    private string? Best(IReadOnlyList<string> there) => _names.FirstOrDefault(there.Contains);
}
