namespace Seriatim.Generation;

/// <summary>A flag of the command line that sets a number of a sampler.</summary>
/// <param name="Option">The option it sets, as its path in <see cref="SamplingOptions"/>.</param>
/// <param name="Names">Its name and further ones, as llama.cpp has them; what that lacks has its Hugging Face name.</param>
/// <param name="Value">What the help calls the number.</param>
/// <param name="Help">What it does.</param>
internal abstract record SamplerFlag(string Option, IReadOnlyList<string> Names, string Value, string Help)
{
    /// <summary>Whether files of models may say it: then what is not given is as the model has it.</summary>
    public bool IsFromModel { get; init; }

    /// <summary>Whether it does nothing unless the first flag of its sampler is set.</summary>
    public bool NeedsFirst { get; init; }

    /// <summary>How it is set where another flag needs it, e.g. <c>--mirostat 2</c>; null: its name.</summary>
    public string? SetText { get; init; }

    /// <summary>The number at which it does nothing, or that holds where it is not given.</summary>
    public abstract object Usual { get; }
}

/// <summary>A flag that takes an <see cref="int"/> or a <see cref="float"/>.</summary>
/// <param name="Option">The option it sets.</param>
/// <param name="Names">Its name and further ones.</param>
/// <param name="Value">What the help calls the number.</param>
/// <param name="Help">What it does.</param>
/// <param name="Default">The number that holds where it is not given.</param>
/// <param name="Set">Sets the option.</param>
internal sealed record SamplerFlag<T>(
    string Option, IReadOnlyList<string> Names, string Value, string Help, T Default,
    Func<SamplingOptions, T, SamplingOptions> Set) : SamplerFlag(Option, Names, Value, Help)
    where T : struct
{
    public override object Usual => Default;

    /// <summary>Says what is allowed instead of a number that is not; null: all that the options take.</summary>
    public Func<T, string?> Refuse { get; init; } = _ => null;
}
