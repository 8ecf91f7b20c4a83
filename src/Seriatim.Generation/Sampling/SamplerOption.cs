using System.Globalization;

namespace Seriatim.Generation;

/// <summary>An option that a sampler follows from.</summary>
/// <param name="Path">Where it stands: in <see cref="SamplingOptions"/>, or in the request.</param>
/// <param name="Neutral">The value at which it does nothing, in words.</param>
/// <param name="IsNeutral">Whether it does nothing; null: an option of the request, which the processor asks itself.</param>
internal sealed record SamplerOption(string Path, string Neutral, Func<SamplingOptions, bool>? IsNeutral)
{
    /// <summary>One with a value.</summary>
    public static SamplerOption Of<T>(string path, T neutral, Func<SamplingOptions, T> value) => new(
        path, Convert.ToString(neutral, CultureInfo.InvariantCulture)!,
        options => EqualityComparer<T>.Default.Equals(value(options), neutral));

    /// <summary>One that is null where it is off.</summary>
    public static SamplerOption Maybe(string path, Func<SamplingOptions, object?> value) =>
        new(path, "null", options => value(options) is null);

    /// <summary>A list or a table.</summary>
    public static SamplerOption Many(string path, Func<SamplingOptions, int> count) =>
        new(path, "empty", options => count(options) == 0);

    /// <summary>An option of the request.</summary>
    public static SamplerOption OfRequest(string path, string neutral) => new(path, neutral, null);
}
