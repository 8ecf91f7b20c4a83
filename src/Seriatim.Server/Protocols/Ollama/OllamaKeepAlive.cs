using System.Globalization;

namespace Seriatim.Server;

/// <summary>How long a model stays open after a request: ollama's <c>keep_alive</c>.</summary>
/// <param name="Time">The time; null: nothing was said. Less than zero: for ever.</param>
internal readonly record struct OllamaKeepAlive(TimeSpan? Time)
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("ms", 0.001), ("us", 0.000001), ("µs", 0.000001), ("ns", 0.000000001), ("h", 3600), ("m", 60), ("s", 1)];

    /// <summary>Reads seconds, or a duration as Go writes it: <c>5m</c>, <c>1h30m</c>, <c>-1</c>.</summary>
    public static OllamaKeepAlive Read(FieldValue value)
    {
        double seconds;
        if (!value.IsString)
            seconds = value.Number;
        else if (!double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out seconds))
            seconds = Duration(value);
        if (!double.IsFinite(seconds))
            throw Wrong(value);
        return new OllamaKeepAlive(seconds < 0 ? Timeout.InfiniteTimeSpan
            : TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(40).TotalSeconds)));
    }

    /// <summary>Says it to the host, for as long as no other request uses the model. What the server keeps stays.</summary>
    public void Apply(ApiCall call, ServedModel model)
    {
        if (Time is { } time && !model.IsKept)
            call.Server.Models.Host.SetKeepAlive(model.HostName, time);
    }

    private static double Duration(FieldValue value)
    {
        string text = value.Text.Trim();
        bool isNegative = text.StartsWith('-');
        ReadOnlySpan<char> rest = text.AsSpan(isNegative ? 1 : 0);
        double seconds = 0;
        if (rest.IsEmpty)
            throw Wrong(value);
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.Float, CultureInfo.InvariantCulture,
                out double number))
                throw Wrong(value);
            rest = rest[digits..];
            (string Unit, double Seconds) unit = default;
            foreach ((string Unit, double Seconds) known in Units)
            {
                if (unit.Unit is null && rest.StartsWith(known.Unit))
                    unit = known;
            }

            if (unit.Unit is null)
                throw Wrong(value);
            seconds += number * unit.Seconds;
            rest = rest[unit.Unit.Length..];
        }

        return isNegative ? -seconds : seconds;
    }

    private static ApiException Wrong(FieldValue value) => value.Wrong("seconds, or a duration such as \"5m\", are needed");
}
