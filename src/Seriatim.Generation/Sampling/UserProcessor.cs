using System.Text.Json.Serialization;

namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>
    /// Processors of your own: applied in their order after constraints and penalties, before temperature and truncation. With
    /// beams they see log-probabilities. Each sequence has a copy (<see cref="LogitsProcessor.Copy"/>), made when its request is
    /// taken up; these objects themselves only make copies.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<LogitsProcessor> Processors { get; init; } = [];
}

/// <summary>
/// A processor that users wrote, kept from harming anything but its own request: candidates are listed anew after it, and what it
/// leaves is looked at.
/// </summary>
internal sealed class UserProcessor : LogitsProcessor
{
    private readonly LogitsProcessor _own;

    private UserProcessor(LogitsProcessor own) => _own = own;

    /// <summary>Its option, and the processors that follow from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "processors",
        Stage = SamplerStage.Score,
        Does = "your own processors, in their order",
        Options = [SamplerOption.Many("Processors", options => options.Processors.Count)],
        Check = (options, _) => Check(options.Processors),
        Create = terms => terms.Options.Processors.Select(own => new UserProcessor(CopyOf(own))),
    };

    public override string Name => _own.Name;

    public override void Apply(LogitsRow row)
    {
        bool wasFine = LogitsScan.TryMax(row.Values, out _);
        _own.Apply(row);
        row.TakeBack();
        if (wasFine && !LogitsScan.TryMax(row.Values, out _))
            throw new ProcessorException(Name, "left logits that are not numbers, or positive infinity");
    }

    public override void Accept(int token) => _own.Accept(token);

    /// <summary>This one, if what it holds has no state.</summary>
    public override LogitsProcessor Copy() => CopyOf(_own) is var copy && copy != _own ? new UserProcessor(copy) : this;

    public override byte[]? Save() => _own.Save();

    public override void Restore(ReadOnlySpan<byte> saved) => _own.Restore(saved);

    private static LogitsProcessor CopyOf(LogitsProcessor own)
    {
        LogitsProcessor? copy;
        try
        {
            copy = own.Copy();
        }
        catch (Exception exception) when (exception is not GenerationException)
        {
            throw new ProcessorException(own.Name, "make a copy", exception);
        }

        return copy ?? throw new ProcessorException(own.Name, "gave null for a copy of itself");
    }

    private static void Check(IReadOnlyList<LogitsProcessor> processors)
    {
        if (processors is null)
            throw new InvalidOptionException("Sampling.Processors", null, "a list, if only an empty one, is needed");
        for (int i = 0; i < processors.Count; i++)
        {
            if (processors[i] is null)
                throw new InvalidOptionException("Sampling.Processors", $"null at index {i}", "only processors are allowed");
        }
    }
}
