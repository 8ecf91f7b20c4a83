namespace Seriatim.Peers;

/// <summary>A part of a work, with a figure of its own.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Amount">What is divided by its seconds; 0: its milliseconds are the figure.</param>
/// <param name="Unit">Of the figure.</param>
internal sealed record WorkPart(string Name, double Amount, string Unit)
{
    public static WorkPart Tokens(string name, double tokens) => new(name, tokens, "tokens/s");

    public static WorkPart Milliseconds(string name) => new(name, 0, "ms");

    public double Figure(double seconds) => Amount == 0 ? seconds * 1e3 : Amount / seconds;
}

/// <summary>A peer, opened when its work begins; what it throws then is why it is missing.</summary>
internal sealed record PeerEntry(string Peer, Func<IContender> Open);

/// <summary>What all peers do by turns. The first of them is Seriatim.</summary>
internal sealed record PeerWork(IReadOnlyList<WorkPart> Parts, IReadOnlyList<PeerEntry> Entries)
{
    /// <summary>Leaves peers out; Seriatim stays.</summary>
    /// <param name="names">Beginnings of their names.</param>
    public PeerWork Without(IReadOnlyList<string> names) => this with
    {
        Entries = [.. Entries.Where((entry, index) => index == 0
            || !names.Any(name => entry.Peer.StartsWith(name, StringComparison.OrdinalIgnoreCase)))],
    };
}
