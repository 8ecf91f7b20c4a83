namespace Seriatim.Simulation;

/// <summary>Names of routings, as flags and results have them.</summary>
internal static class RoutingNames
{
    private static readonly (ClusterRouting Routing, string Name)[] All =
    [
        (ClusterRouting.Prefix, "prefix"), (ClusterRouting.LeastLoad, "least-load"), (ClusterRouting.RoundRobin, "round-robin"),
    ];

    /// <summary>The names.</summary>
    public static IEnumerable<string> Names => All.Select(one => one.Name);

    /// <summary>The name of a routing.</summary>
    public static string Of(ClusterRouting routing) => All.First(one => one.Routing == routing).Name;

    /// <summary>The routing of a name; null: there is none.</summary>
    public static ClusterRouting? Find(string name) =>
        All.FirstOrDefault(one => one.Name == name) is { Name: not null } found ? found.Routing : null;
}
