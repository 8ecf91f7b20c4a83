using System.Globalization;

namespace Seriatim.Cluster.Benchmarks;

/// <summary>What is compared, of requests of one trace or of several together; times are seconds.</summary>
internal sealed class Figures
{
    private readonly List<double> _first = [];
    private readonly List<double> _between = [];
    private long _promptTokens;
    private long _cachedTokens;
    private long _newTokens;
    private double _seconds;

    /// <summary>The figures by name.</summary>
    public static IReadOnlyList<(string Name, Func<Figures, double> Read)> Lines { get; } =
    [
        ("hit rate, %", figures => 100.0 * figures._cachedTokens / figures._promptTokens),
        ("first token, median, ms", figures => 1e3 * At(figures._first, 0.5)),
        ("first token, mean, ms", figures => 1e3 * figures._first.Average()),
        ("first token, 90 of 100, ms", figures => 1e3 * At(figures._first, 0.9)),
        ("further token, median, ms", figures => 1e3 * At(figures._between, 0.5)),
        ("tokens a second", figures => figures._newTokens / figures._seconds),
    ];

    /// <summary>What clients of processes saw.</summary>
    public static Figures Of(TraceClient client, double seconds)
    {
        var figures = new Figures
        {
            _promptTokens = client.PromptTokens,
            _cachedTokens = client.CachedTokens,
            _newTokens = client.NewTokens,
            _seconds = seconds,
        };
        figures._first.AddRange(client.First);
        figures._between.AddRange(client.Between);
        return figures;
    }

    /// <summary>Takes what clients of a simulation see of each request.</summary>
    /// <param name="back">Seconds from a replica to the client.</param>
    public Action<SimulatedStream> Take(double back) => stream =>
    {
        _first.Add((stream.First - stream.Sent) / 1e9 + back);
        if (stream.Tokens > 1)
            _between.Add((stream.LastNew - stream.First) / 1e9 / (stream.Tokens - 1));
    };

    /// <summary>Takes what a simulation counts of all.</summary>
    public void Close(ClusterOutcome outcome) => (_promptTokens, _cachedTokens, _newTokens, _seconds) =
        (outcome.PromptTokens, outcome.CachedTokens, outcome.NewTokens, outcome.Seconds);

    /// <summary>Takes those of another trace.</summary>
    public void Add(Figures other)
    {
        _first.AddRange(other._first);
        _between.AddRange(other._between);
        (_promptTokens, _cachedTokens) = (_promptTokens + other._promptTokens, _cachedTokens + other._cachedTokens);
        (_newTokens, _seconds) = (_newTokens + other._newTokens, _seconds + other._seconds);
    }

    /// <summary>By how much the simulated differ, in the order of <see cref="Lines"/>.</summary>
    public string Differences(Figures simulated) => string.Join(", ", Lines.Select(line =>
        (100 * (line.Read(simulated) / line.Read(this) - 1)).ToString("F1", CultureInfo.InvariantCulture) + " %"));

    /// <summary>The value that a share of all do not exceed, by the nearest rank.</summary>
    public static double At(List<double> values, double share) =>
        values.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(share * values.Count) - 1));
}
