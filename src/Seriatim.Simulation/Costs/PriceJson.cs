using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim.Simulation;

/// <summary>Prices as files have them.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(MeasuredPrice))]
internal sealed partial class PriceJson : JsonSerializerContext
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="SimulationException">It is no price.</exception>
    public static MeasuredPrice Read(string path)
    {
        MeasuredPrice? price;
        try
        {
            price = JsonSerializer.Deserialize(File.ReadAllText(path), Default.MeasuredPrice);
        }
        catch (JsonException failure)
        {
            throw new SimulationException($"{path} is no price of steps: {failure.Message.Split(" Path:")[0]} Make one with "
                + "'seriatim lab cluster --measure MODEL --cost FILE'.");
        }

        if (price is null)
            throw new SimulationException($"{path} is no price of steps but null.");
        foreach ((string name, double value) in new[]
        {
            ("step_seconds", price.StepSeconds), ("row_seconds", price.RowSeconds), ("output_seconds", price.OutputSeconds),
            ("position_seconds", price.PositionSeconds),
        })
        {
            if (!(value >= 0 && value < 1e6))
                throw new SimulationException($"{path}: {name} is {value}; 0 or more is needed.");
        }

        return price.Price.Seconds(new StepWork(1, 1, 1)) > 0 ? price
            : throw new SimulationException($"{path}: steps take no time; at least one of the numbers must be above 0.");
    }

    /// <summary>Writes a file.</summary>
    public static void Write(string path, MeasuredPrice price) =>
        File.WriteAllText(path, JsonSerializer.Serialize(price, Default.MeasuredPrice) + "\n");
}
