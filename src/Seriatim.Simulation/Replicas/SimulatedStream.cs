using System.Runtime.InteropServices;

namespace Seriatim.Simulation;

/// <summary>A request as its door has it, from its arrival to its end.</summary>
/// <param name="number">Its number in the trace.</param>
/// <param name="request">The request.</param>
/// <param name="door">Its door.</param>
internal sealed class SimulatedStream(int number, TraceRequest request, SimulatedDoor door)
{
    public int Number => number;

    public TraceRequest Request => request;

    public SimulatedDoor Door => door;

    /// <summary>When its client sent it.</summary>
    public required long Sent { get; init; }

    /// <summary>When its client got its first token; 0: it has none.</summary>
    public long First { get; set; }

    /// <summary>When the door last heard something new of it.</summary>
    public long LastNew { get; set; }

    /// <summary>Tokens that the client has.</summary>
    public int Tokens { get; set; }

    /// <summary>Where it runs, or is thought to.</summary>
    public SimulatedRun? Run { get; set; }

    /// <summary>Whether it waits to go on elsewhere.</summary>
    public bool IsStill { get; set; }

    /// <summary>The run that gave its first token; null: none has.</summary>
    public SimulatedRun? FirstRun { get; set; }

    /// <summary>Positions that runs had come to which it has left.</summary>
    public long Reached { get; set; }

    /// <summary>Hashes of the pages of its prompt.</summary>
    public IReadOnlyList<ulong> Pages { get; private set; } = [];

    /// <summary>The tokens of its prompt and of what has come out of it.</summary>
    public List<int> TokensSoFar()
    {
        int count = request.Length + Tokens;
        var tokens = new List<int>(request.Length + request.Output);
        CollectionsMarshal.SetCount(tokens, count);
        Span<int> span = CollectionsMarshal.AsSpan(tokens);
        for (int i = 0; i < count; i++)
            span[i] = Trace.TokenAt(request, i);
        return tokens;
    }

    /// <summary>Finds the pages of its prompt, as a door does.</summary>
    public void FindPages(int pageSize)
    {
        List<int> tokens = TokensSoFar();
        Pages = PrefixCache.HashesOf(SequenceTerms.None, CollectionsMarshal.AsSpan(tokens)[..request.Length], pageSize);
    }
}
