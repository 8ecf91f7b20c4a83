namespace Seriatim.Lab;

/// <summary>Drafted and accepted tokens, read off the passes of requests that ran alone.</summary>
internal sealed class DraftCounts
{
    private readonly List<int> _drafted = [];
    private readonly List<int> _accepted = [];

    /// <summary>Passes that decoded: those of prompts do not count.</summary>
    public int Passes => _drafted.Count;

    /// <summary>Drafted tokens.</summary>
    public int Drafted => _drafted.Sum();

    /// <summary>Accepted ones.</summary>
    public int Accepted => _accepted.Sum();

    /// <summary>Tokens that a pass gave: its own, and the drafts it accepted.</summary>
    public double TokensPerPass => 1 + (double)Accepted / Passes;

    /// <summary>Chance that a draft is accepted, given that those before it were: later ones say nothing.</summary>
    public double Acceptance
    {
        get
        {
            int looked = _drafted.Zip(_accepted, (drafted, accepted) => Math.Min(drafted, accepted + 1)).Sum();
            return looked == 0 ? 0 : (double)Accepted / looked;
        }
    }

    /// <summary>Tokens a pass if each draft were accepted with that chance: the mean over the passes.</summary>
    public double Predicted => _drafted.Average(drafted => Enumerable.Range(0, drafted + 1).Sum(i => Math.Pow(Acceptance, i)));

    /// <summary>
    /// Adds a request: what a pass accepted is how far the next one's past is ahead, less the pass's own token.
    /// </summary>
    /// <param name="passes">All of its passes.</param>
    /// <param name="tokens">Its new tokens.</param>
    public void Add(IReadOnlyList<CountedPass> passes, int tokens)
    {
        int given = 1; // the prompt's last pass gives one
        int first = passes.ToList().FindIndex(pass => pass.Pasts[0] > 0);
        for (int at = Math.Max(1, first); at < passes.Count; at++)
        {
            int moved = at + 1 < passes.Count ? passes[at + 1].Pasts[0] - passes[at].Pasts[0] : tokens - given;
            _drafted.Add(passes[at].AllRows - 1);
            _accepted.Add(moved - 1);
            given += moved;
        }
    }
}
