using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace Seriatim.Web.Shell;

/// <summary>
/// Browsers get the page, and everybody else what the server has always answered: views are for requests that accept HTML.
/// </summary>
internal sealed class PageOrApi : MatcherPolicy, IEndpointSelectorPolicy
{
    public override int Order => 1000;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<Mark>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        bool isBrowser = $"{httpContext.Request.Headers.Accept}".Contains("text/html", StringComparison.OrdinalIgnoreCase);
        bool hasView = false;
        for (int i = 0; i < candidates.Count; i++)
            hasView |= candidates.IsValidCandidate(i) && IsView(candidates[i]);
        for (int i = 0; i < candidates.Count; i++)
        {
            if (hasView && IsView(candidates[i]) != isBrowser)
                candidates.SetValidity(i, false);
        }

        return Task.CompletedTask;
    }

    private static bool IsView(CandidateState candidate) => candidate.Endpoint?.Metadata.GetMetadata<Mark>() is not null;

    /// <summary>Marks the endpoints of views.</summary>
    public sealed class Mark;
}
