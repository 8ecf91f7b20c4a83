using System.Globalization;

namespace Seriatim.Generation;

/// <summary>An option has a value that is not allowed, or contradicts another option.</summary>
public sealed class InvalidOptionException : GenerationException
{
    /// <summary>
    /// An option is refused: by the engine, a strategy (<see cref="Strategy.Check"/>), or whoever makes requests.
    /// </summary>
    /// <param name="option">Its name, e.g. <c>Sampling.TopP</c>.</param>
    /// <param name="value">The value that was given.</param>
    /// <param name="allowed">What is allowed, in words.</param>
    public InvalidOptionException(string option, object? value, string allowed)
        : base($"{option} is {Text(value)}; {allowed}.") =>
        (Option, Value, Allowed) = (option, value, allowed);

    /// <summary>Name of the option, e.g. <c>Sampling.TopP</c>.</summary>
    public string Option { get; }

    /// <summary>The value that was given.</summary>
    public object? Value { get; }

    /// <summary>What is allowed, in words.</summary>
    public string Allowed { get; }

    private static string Text(object? value) =>
        Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "empty";
}
