using System.Text.Json.Serialization;

namespace Seriatim.Simulation;

/// <summary>What steps of a model take on a machine, as it is kept in a file.</summary>
internal sealed record MeasuredPrice
{
    /// <summary>The model.</summary>
    public string Model { get; init; } = "";

    /// <summary>The machine.</summary>
    public string Machine { get; init; } = "";

    /// <summary>Threads.</summary>
    public int Threads { get; init; }

    /// <summary>Steps that were measured; 0: somebody wrote the numbers.</summary>
    public int Steps { get; init; }

    /// <summary>Median of how far a measured step is from the formula, as a share of it.</summary>
    public double Error { get; init; }

    /// <summary>Seconds of a step, whatever it computes.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>Seconds of a row.</summary>
    public required double RowSeconds { get; init; }

    /// <summary>Seconds of a row whose logits are wanted, beside those of the row.</summary>
    public required double OutputSeconds { get; init; }

    /// <summary>Seconds of a position that a row sees.</summary>
    public required double PositionSeconds { get; init; }

    /// <summary>The numbers that the engine and the simulation reckon with.</summary>
    [JsonIgnore]
    public StepPrice Price => new(StepSeconds, RowSeconds, OutputSeconds, PositionSeconds);
}
