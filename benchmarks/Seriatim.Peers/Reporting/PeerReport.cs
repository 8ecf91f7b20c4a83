namespace Seriatim.Peers;

/// <summary>What was measured, and where.</summary>
internal sealed record PeerReport(PeerMachine Machine, IReadOnlyList<PeerLine> Lines);

/// <summary>The machine, and what it could do at best in the same minutes.</summary>
/// <param name="Processor">Its name.</param>
/// <param name="Instructions">The vector instructions that decide.</param>
/// <param name="Threads">Threads of everybody.</param>
/// <param name="Rounds">Rounds by turns.</param>
/// <param name="System">Operating system and runtime.</param>
/// <param name="Date">When, UTC.</param>
/// <param name="ReadGigabytes">Streaming read, GB/s.</param>
/// <param name="FmaGigaflops">F32 multiply-adds in registers, GFLOP/s.</param>
internal sealed record PeerMachine(
    string Processor, string Instructions, int Threads, int Rounds, string System, string Date, Figure ReadGigabytes,
    Figure FmaGigaflops);

/// <summary>One peer at one work.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Peer">By whom.</param>
/// <param name="Version">Of what version; empty: it never came up.</param>
/// <param name="Unit">tokens/s (more is better) or ms (less is better).</param>
/// <param name="Speed">The figure; null: it is missing.</param>
/// <param name="Ratio">
/// Seriatim's speed over this one's, round by round; null for Seriatim itself, and where either is missing.
/// </param>
/// <param name="Note">Why it is missing, or what else is to be said; null: nothing.</param>
internal sealed record PeerLine(string Work, string Peer, string Version, string Unit, Figure? Speed, Figure? Ratio,
    string? Note);
