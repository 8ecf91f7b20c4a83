using System.Globalization;

namespace Seriatim.Cluster.Storm;

/// <summary>How long and how hard.</summary>
internal sealed record StormOptions
{
    /// <summary>For how long silos are killed.</summary>
    public int Seconds { get; init; } = 300;

    /// <summary>Streams at least; more are asked until the time is over.</summary>
    public int Streams { get; init; } = 500;

    /// <summary>Streams at the same time.</summary>
    public int AtOnce { get; init; } = 50;

    /// <summary>Seconds between two silos that are killed.</summary>
    public int KillEach { get; init; } = 10;

    /// <summary>What is random is the same with the same number.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Whether silos share this machine's network, where namespaces are not allowed: then nothing is cut off.</summary>
    public bool OneNetwork { get; init; }

    /// <summary>Reads <c>--seconds 300 --streams 500 --at-once 50 --kill-each 10 --seed 1 --one-network</c>.</summary>
    public static StormOptions Parse(string[] args)
    {
        var options = new StormOptions();
        for (int i = 0; i < args.Length; i++)
        {
            string name = args[i];
            int Next() => ++i < args.Length
                && int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
                    : throw new ArgumentException($"{name} needs a number.");
            options = name switch
            {
                "--seconds" => options with { Seconds = Next() },
                "--streams" => options with { Streams = Next() },
                "--at-once" => options with { AtOnce = Next() },
                "--kill-each" => options with { KillEach = Next() },
                "--seed" => options with { Seed = Next() },
                "--one-network" => options with { OneNetwork = true },
                _ => throw new ArgumentException($"{name} is no option; --seconds, --streams, --at-once, --kill-each, --seed and "
                    + "--one-network are."),
            };
        }

        return options;
    }
}
