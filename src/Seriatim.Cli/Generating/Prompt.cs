namespace Seriatim.Cli;

/// <summary>One text to continue, and what its line of the input file says beside it.</summary>
/// <param name="Text">The text.</param>
/// <param name="Seed">A seed of its own; null: that of the command line.</param>
/// <param name="MaxNewTokens">A limit of its own; null: that of the command line.</param>
/// <param name="Place">Where it stands, if there are many.</param>
internal sealed record Prompt(string Text, ulong? Seed = null, int? MaxNewTokens = null, string? Place = null);
