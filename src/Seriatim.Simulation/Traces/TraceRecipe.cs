namespace Seriatim.Simulation;

/// <summary>A trace that is made: conversations that come at random, some with a beginning in common.</summary>
internal sealed record TraceRecipe
{
    /// <summary>Requests of all conversations together.</summary>
    public int Requests { get; init; } = 2000;

    /// <summary>Requests a second, in the mean (conversations come at this over <see cref="Turns"/>).</summary>
    public double Rate { get; init; } = 8;

    /// <summary>Requests of a conversation, in the mean; 1: each stands alone.</summary>
    public double Turns { get; init; } = 5;

    /// <summary>Seconds from an answer to the next question, in the mean.</summary>
    public double Think { get; init; } = 4;

    /// <summary>Tokens of a question, in the mean.</summary>
    public int Prompt { get; init; } = 40;

    /// <summary>Tokens of an answer, in the mean.</summary>
    public int Output { get; init; } = 32;

    /// <summary>Beginnings that conversations have in common (system prompts); 0: none.</summary>
    public int Prefixes { get; init; } = 8;

    /// <summary>Tokens of each.</summary>
    public int PrefixTokens { get; init; } = 96;

    /// <summary>How much more comes in bursts, a tenth of the time; 1: there are none.</summary>
    public double Burst { get; init; } = 1;

    /// <summary>Seconds from one burst to the next.</summary>
    public double BurstTime { get; init; } = 60;

    /// <summary>Positions that a conversation may come to have: it ends before.</summary>
    public int Context { get; init; } = 1024;

    /// <summary>Makes the trace.</summary>
    /// <param name="seed">Of all that is random in it.</param>
    /// <exception cref="SimulationException">A number is not allowed.</exception>
    public Trace Make(ulong seed)
    {
        Check();
        var chance = new Chance(seed, 1);
        var requests = new List<TraceRequest>(Requests);
        double time = 0;
        for (int conversation = 0; requests.Count < Requests; conversation++)
        {
            time = After(time, chance.Exponential(Turns / Rate));
            int turns = chance.Count(Turns);
            int prefix = Prefixes == 0 || PrefixTokens == 0 ? -1 : chance.Below(Prefixes);
            int length = prefix < 0 ? 0 : PrefixTokens;
            for (int turn = 0; turn < turns && requests.Count < Requests; turn++)
            {
                var request = new TraceRequest
                {
                    At = turn == 0 ? time : double.NaN,
                    Think = turn == 0 ? 0 : chance.Exponential(Think),
                    Conversation = conversation,
                    Prompt = chance.Length(Prompt),
                    Output = chance.Length(Output),
                    Prefix = turn == 0 ? prefix : -1,
                    PrefixTokens = turn == 0 && prefix >= 0 ? PrefixTokens : 0,
                };
                length += request.Prompt + request.Output;
                if (length > Context)
                    break;
                requests.Add(request);
            }
        }

        return new Trace(requests);
    }

    /// <summary>Goes so far in a time that runs faster in bursts and slower between, at the same rate in the mean.</summary>
    private double After(double time, double units)
    {
        double high = Burst / (0.1 * Burst + 0.9), low = 1 / (0.1 * Burst + 0.9);
        while (true)
        {
            double at = time % BurstTime, border = 0.1 * BurstTime;
            (double speed, double left) = at < border ? (high, border - at) : (low, BurstTime - at);
            if (Burst == 1 || units <= left * speed)
                return time + units / (Burst == 1 ? 1 : speed);
            units -= left * speed;

            // To the border itself, and never just before it for ever.
            double next = Math.Floor(time / BurstTime) * BurstTime + (at < border ? border : BurstTime);
            time = Math.Max(next, Math.BitIncrement(time));
        }
    }

    private void Check()
    {
        AtLeast("requests", Requests, 1);
        AtLeast("prompt", Prompt, 1);
        AtLeast("output", Output, 1);
        AtLeast("prefixes", Prefixes, 0);
        AtLeast("prefix-tokens", PrefixTokens, 0);
        Within("rate", Rate, 1e-6, 1e9);
        Within("turns", Turns, 1, 1000);
        Within("think", Think, 0, 1e6);
        Within("burst", Burst, 1, 1000);
        Within("burst-time", BurstTime, 0.01, 1e6);
        if (Context < PrefixTokens + 4 * (long)(Prompt + Output))
        {
            throw new SimulationException($"context is {Context}; with a prefix of {PrefixTokens}, questions of {Prompt} and "
                + $"answers of {Output} a first request may have {PrefixTokens + 4 * (long)(Prompt + Output)} positions.");
        }
    }

    private static void AtLeast(string name, int value, int least)
    {
        if (value < least)
            throw new SimulationException($"{name} is {value}; {least} or more is needed.");
    }

    private static void Within(string name, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
            throw new SimulationException($"{name} is {value}; {low} to {high} is allowed.");
    }
}
