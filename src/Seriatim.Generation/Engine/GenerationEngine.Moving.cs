namespace Seriatim.Generation;

/// <content>For those who run a request in one of several engines.</content>
public sealed partial class GenerationEngine
{
    /// <summary>
    /// Checks a request and decides what it leaves open, as <see cref="Submit(GenerationRequest, CancellationToken)"/> does, and
    /// does not run it: whichever engine of the same model runs the state gives what this one would.
    /// </summary>
    /// <param name="request">What to generate.</param>
    /// <exception cref="GenerationException">It is refused.</exception>
    internal RequestState Decide(GenerationRequest request)
    {
        (RequestState state, _) = Begin(request);
        _core.Identify(state);
        return state;
    }

    /// <summary>
    /// The hash of each full page of a request's prompt with all before it, by which engines of other processes know their pages
    /// too; empty where it may share none.
    /// </summary>
    internal IReadOnlyList<ulong> PagesOf(RequestState state) => _core.PagesOf(state);

    /// <summary>Hashes of pages that requests can go on from, as <see cref="PagesOf"/> tells them; at most so many.</summary>
    internal Task<uint[]> GetCachedPagesAsync(int most) => BetweenSteps(() => _core.CachedPages(most));
}
