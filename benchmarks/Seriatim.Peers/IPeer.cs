namespace Seriatim.Peers;

/// <summary>An engine that reads a prompt and then makes tokens one after another, the most probable each time.</summary>
internal interface IPeer : IDisposable
{
    string Name { get; }

    /// <summary>Seconds to read a prompt, up to its first new token, and seconds for each further token.</summary>
    (double Prompt, double Token) Run(int[] prompt, int newTokens);
}
