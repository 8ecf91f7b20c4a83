namespace Seriatim.Peers;

/// <summary>A peer's program was not given, or is not there: the message says which option names it.</summary>
internal sealed class MissingProgramException(string message) : Exception(message)
{
    /// <summary>The path of an option.</summary>
    public static string Require(string? path, string option) => path is null
        ? throw new MissingProgramException($"not given: {option} PATH")
        : File.Exists(path) ? path : throw new MissingProgramException($"{option}: there is no file {path}");
}
