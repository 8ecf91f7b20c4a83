namespace Seriatim.Cluster;

/// <summary>What decides where a request goes. It changes no answer.</summary>
public enum ClusterRouting
{
    /// <summary>
    /// Most pages of the prompt that are computed already, among the replicas that are not far above the mean; then the fewest
    /// requests.
    /// </summary>
    Prefix,

    /// <summary>The fewest requests.</summary>
    LeastLoad,

    /// <summary>One after the other, whatever is known of them.</summary>
    RoundRobin,
}
