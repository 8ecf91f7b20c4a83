namespace Seriatim.Web.Chat;

/// <summary>What the server counted of an answer.</summary>
/// <param name="Prompt">Tokens of the prompt.</param>
/// <param name="Cached">Those of them that were computed before.</param>
/// <param name="Output">New tokens.</param>
/// <param name="PerSecond">New tokens a second after the first.</param>
/// <param name="FirstMs">Milliseconds to the first token.</param>
public sealed record ChatFigures(int Prompt, int Cached, int Output, double PerSecond, double FirstMs);
