using Seriatim.Web.Texts;

namespace Seriatim.Web.Shell;

/// <summary>
/// What a browser's cookies say, handed to the circuit by the request that loads the page. The framework encrypts it on its way.
/// </summary>
/// <param name="Language">The language.</param>
/// <param name="IsDark">Whether the page is dark.</param>
/// <param name="Key">The server's key; null: none was given.</param>
public sealed record PageStart(Language Language, bool IsDark, string? Key);
