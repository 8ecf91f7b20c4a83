namespace Seriatim.Cli;

/// <summary>
/// The command line itself is wrong, whatever files and models hold: the program ends with <see cref="ExitCodes.Usage"/>.
/// </summary>
internal sealed class UsageException(string message) : UserErrorException(message);
