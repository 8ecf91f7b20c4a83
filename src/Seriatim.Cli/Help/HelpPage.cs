namespace Seriatim.Cli;

/// <summary>What the help of a command says beside its flags.</summary>
/// <param name="Group">The heading it stands under in the overview.</param>
/// <param name="Common">Flags that <c>-h</c> shows; null: all.</param>
/// <param name="Examples">Command lines, each with what it does.</param>
internal sealed record HelpPage(string Group, string[]? Common, params (string Line, string What)[] Examples);
