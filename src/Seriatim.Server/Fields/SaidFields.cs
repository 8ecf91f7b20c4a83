namespace Seriatim.Server;

/// <summary>
/// Which field of a request said each option of the engine, as the request was read: what the engine refuses is told by the name
/// that its client wrote.
/// </summary>
internal sealed class SaidFields
{
    private const string Sampling = "Sampling.";

    private readonly Dictionary<string, string> _byOption = new(StringComparer.Ordinal);

    /// <summary>A field that sets an option was given; of several the first one is told.</summary>
    public void Note(string option, string path) => _byOption.TryAdd(option, path);

    /// <summary>
    /// The field that said an option, or what the option belongs to; null: the client said nothing of it.
    /// </summary>
    public string? Of(string option)
    {
        string name = option.StartsWith(Sampling, StringComparison.Ordinal) ? option[Sampling.Length..] : option;
        while (true)
        {
            if (_byOption.TryGetValue(name, out string? path))
                return path;
            int end = name.LastIndexOf('.');
            if (end < 0)
                return null;
            name = name[..end];
        }
    }
}
