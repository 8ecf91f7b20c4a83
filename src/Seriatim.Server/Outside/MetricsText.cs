using System.Globalization;
using System.Text;

namespace Seriatim.Server;

/// <summary>Prometheus' text: all values of a name together, after what it means.</summary>
internal sealed class MetricsText
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, StringBuilder> _lines = new(StringComparer.Ordinal);

    public void Gauge(string name, string help, string model, double value, string more = "") =>
        Add(name, "gauge", help, Labels(model, more), value);

    public void Counter(string name, string help, string model, double value, string more = "") =>
        Add(name, "counter", help, Labels(model, more), value);

    public void Histogram(string name, string help, string model, MetricHistogram values)
    {
        (IReadOnlyList<(double Bound, long Count)> buckets, double sum) = values.Read();
        Write(name, help, model, buckets, sum);
    }

    private void Write(
        string name, string help, string model, IReadOnlyList<(double Bound, long Count)> buckets, double sum)
    {
        StringBuilder lines = Lines(name, "histogram", help);
        foreach ((double bound, long count) in buckets)
        {
            string le = double.IsInfinity(bound) ? "+Inf" : bound.ToString(CultureInfo.InvariantCulture);
            Line(lines, $"{name}_bucket", Labels(model, $"le=\"{le}\""), count);
        }

        Line(lines, $"{name}_sum", Labels(model), sum);
        Line(lines, $"{name}_count", Labels(model), buckets[^1].Count);
    }

    /// <summary>A histogram of values that were counted by bounds: those up to each, and those above the last.</summary>
    public void Histogram(string name, string help, string model, IReadOnlyList<double> bounds, IReadOnlyList<long> counts,
        double sum)
    {
        var buckets = new (double, long)[counts.Count];
        long all = 0;
        for (int i = 0; i < buckets.Length; i++)
            buckets[i] = (i < bounds.Count ? bounds[i] : double.PositiveInfinity, all += counts[i]);
        Write(name, help, model, buckets, sum);
    }

    /// <summary>A value without a model.</summary>
    public void Plain(string name, string type, string help, double value) => Add(name, type, help, "", value);

    public override string ToString() => string.Concat(_names.Select(name => _lines[name].ToString()));

    private static string Labels(string model, string more = "")
    {
        string name = model.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
        return $"{{model_name=\"{name}\",engine=\"0\"{(more.Length == 0 ? "" : $",{more}")}}}";
    }

    private void Add(string name, string type, string help, string labels, double value) =>
        Line(Lines(name, type, help), name, labels, value);

    private static void Line(StringBuilder lines, string name, string labels, double value) =>
        lines.Append(name).Append(labels).Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private StringBuilder Lines(string name, string type, string help)
    {
        if (_lines.TryGetValue(name, out StringBuilder? lines))
            return lines;
        _names.Add(name);
        return _lines[name] = new StringBuilder($"# HELP {name} {help}\n# TYPE {name} {type}\n");
    }
}
