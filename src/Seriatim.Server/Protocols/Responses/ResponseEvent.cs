namespace Seriatim.Server;

/// <summary>An event of a response.</summary>
/// <param name="Sequence">Its number, from 0.</param>
/// <param name="Name">What it is.</param>
/// <param name="Json">Its data.</param>
internal sealed record ResponseEvent(int Sequence, string Name, byte[] Json);
