using System.CommandLine;
using Seriatim.Cluster;
using Seriatim.Generation;
using Seriatim.Simulation;

namespace Seriatim.Cli;

/// <summary>The flags of <c>seriatim lab cluster</c>.</summary>
internal sealed class ClusterLabFlags
{
    private static readonly TraceRecipe Made = new();
    private static readonly ClusterPlan Usual = new() { Price = default };

    private readonly Option<string?> _trace = Flag.Maybe<string>("A trace instead of one that is made: a JSON object a line, "
        + "with at (seconds) or think, conversation, prompt and output (tokens), prefix and prefix_tokens.", "file", "--trace");

    private readonly Option<string?> _write = Flag.Maybe<string>("Write the trace to this file, too.", "file", "--write-trace");
    private readonly Option<int> _requests = Flag.Of("Requests.", "n", Made.Requests, "--requests");
    private readonly Option<double> _rate = Flag.Of("Requests a second, in the mean.", "n", Made.Rate, "--rate");
    private readonly Option<double> _turns =
        Flag.Of("Requests of a conversation, in the mean; 1: each stands alone.", "n", Made.Turns, "--turns");

    private readonly Option<double> _think =
        Flag.Of("Seconds from an answer to the next question, in the mean.", "seconds", Made.Think, "--think");

    private readonly Option<int> _prompt = Flag.Of("Tokens of a question, in the mean.", "n", Made.Prompt, "--prompt");
    private readonly Option<int> _output = Flag.Of("Tokens of an answer, in the mean.", "n", Made.Output, "--output");
    private readonly Option<int> _prefixes =
        Flag.Of("Beginnings that conversations have in common, as system prompts; 0: none.", "n", Made.Prefixes, "--prefixes");

    private readonly Option<int> _prefixTokens = Flag.Of("Tokens of each.", "n", Made.PrefixTokens, "--prefix-tokens");
    private readonly Option<double> _burst =
        Flag.Of("How much more comes in bursts, which are a tenth of the time; 1: none.", "n", Made.Burst, "--burst");

    private readonly Option<double> _burstEvery =
        Flag.Of("Seconds from burst to burst.", "seconds", Made.BurstTime, "--burst-every");

    private readonly Option<int> _context =
        Flag.Of("Positions at which a conversation ends.", "n", Made.Context, "--ctx-size", "-c");

    private readonly Option<int> _replicas = Flag.Of("Replicas.", "n", Usual.Replicas, "--replicas");
    private readonly Option<int> _cell = Flag.Of(
        "Replicas that a door knows; clients of a conversation come to the same ones. 0: all.", "n", Usual.Cell, "--cell");

    private readonly Option<int?> _doors =
        Flag.Maybe<int?>("Doors that know them. Default: 4, or as many as there are replicas.", "n", "--doors");

    private readonly Option<string[]> _routing = Flag.Many("What decides where requests go: "
        + $"{string.Join(", ", RoutingNames.Names)}; may be given again. Default: all, one after the other.", "name",
        "--routing");

    private readonly Option<double> _factor =
        Flag.Of("No replica has more than so many times the mean of requests.", "n", Usual.LoadFactor, "--load-factor");

    private readonly Option<double> _silence = Flag.Of("How long a replica may say nothing before its streams go on elsewhere.",
        "seconds", Usual.Silence.TotalSeconds, "--silence");

    private readonly Option<int> _pages = Flag.Of("Pages of a replica.", "n", Usual.Engine.Pages!.Value, "--pages");
    private readonly Option<int> _pageSize = Flag.Of("Positions of a page.", "n", Usual.Engine.PageSize, "--page-size");
    private readonly Option<int> _parallel =
        Flag.Of("Most sequences that run at the same time, of each replica.", "n", Usual.Engine.MaxSequences, "--parallel",
            "-np");

    private readonly Option<int> _queue = Flag.Of("Most requests that wait, of each replica.", "n", 512, "--max-queue");
    private readonly Option<string?> _cost = Flag.Maybe<string>("What steps take: a file that --measure wrote. Default: what "
        + "they took for the shape smollm-135m on two cores, which the first line says.", "file", "--cost");

    private readonly Option<double> _there =
        Flag.Of("Seconds from a client to a replica.", "seconds", Usual.ThereSeconds, "--there");

    private readonly Option<double> _back =
        Flag.Of("Seconds from a replica to the client.", "seconds", Usual.BackSeconds, "--back");

    private readonly Option<double> _kill =
        Flag.Of("Seconds from one replica being killed to the next, in the mean; 0: none is.", "seconds", 0.0, "--kill-every");

    private readonly Option<double> _restart =
        Flag.Of("Seconds until it is there again, with nothing in its memory.", "seconds", Usual.RestartSeconds, "--restart");

    private readonly Option<double> _freeze =
        Flag.Of("Seconds from one replica being frozen to the next, in the mean; 0: none is.", "seconds", 0.0, "--freeze-every");

    private readonly Option<double> _frozen = Flag.Of("For how long it is.", "seconds", Usual.FrozenSeconds, "--freeze");
    private readonly Option<ulong> _seed =
        Flag.Of("Seed of trace and failures: the same gives the same bytes.", "n", 1UL, "--seed");

    /// <summary>What steps take unless a file says it: measured as docs/scale.md says.</summary>
    public static MeasuredPrice UsualPrice { get; } = new()
    {
        Model = "smollm-135m q8_0",
        Machine = "AMD EPYC",
        Threads = 2,
        Steps = 875,
        Error = 0.052,
        StepSeconds = 0.0032,
        RowSeconds = 56e-6,
        OutputSeconds = 330e-6,
        PositionSeconds = 2.4e-6,
    };

    public Option<string?> CostFile => _cost;

    public void AddTo(Command command)
    {
        command.Add("Trace", [_trace, .. Making, _write]);
        command.Add("Cluster", [_replicas, _cell, _doors, _routing, _factor, _silence, _pages, _pageSize, _parallel, _queue,
            _cost, _there, _back]);
        command.Add("Failures", [_kill, _restart, _freeze, _frozen]);
        command.Add(_seed);
    }

    private Option[] Making =>
        [_requests, _rate, _turns, _think, _prompt, _output, _prefixes, _prefixTokens, _burst, _burstEvery, _context];

    /// <summary>All that says what is simulated; of no use to a measurement.</summary>
    public Option[] OfSimulation =>
    [
        _trace, .. Making, _write, _replicas, _cell, _doors, _routing, _factor, _silence, _pages, _queue, _there, _back, _kill,
        _restart, _freeze, _frozen, _seed,
    ];

    /// <summary>What steps take.</summary>
    public MeasuredPrice Price(ParseResult result) =>
        result.GetValue(_cost) is { } file ? PriceJson.Read(Existing("--cost", file)) : UsualPrice;

    /// <summary>The trace, written to a file where that was asked for.</summary>
    public Trace Trace(ParseResult result)
    {
        string? file = result.GetValue(_trace);
        if (file is not null)
            result.Require(false, "a trace that is made; --trace has its own", Making);
        Trace trace = file is not null ? TraceFile.Read(Existing("--trace", file)) : new TraceRecipe
        {
            Requests = result.GetValue(_requests),
            Rate = result.GetValue(_rate),
            Turns = result.GetValue(_turns),
            Think = result.GetValue(_think),
            Prompt = result.GetValue(_prompt),
            Output = result.GetValue(_output),
            Prefixes = result.GetValue(_prefixes),
            PrefixTokens = result.GetValue(_prefixTokens),
            Burst = result.GetValue(_burst),
            BurstTime = result.GetValue(_burstEvery),
            Context = result.GetValue(_context),
        }.Make(result.GetValue(_seed));
        if (result.GetValue(_write) is { } path)
            TraceFile.Write(path, trace);
        return trace;
    }

    /// <summary>The clusters that are simulated, one for each routing.</summary>
    public IReadOnlyList<ClusterPlan> Plans(ParseResult result, StepPrice price)
    {
        result.Require(result.GetValue(_kill) > 0, "--kill-every", _restart);
        result.Require(result.GetValue(_freeze) > 0, "--freeze-every", _frozen);
        int replicas = result.GetValue(_replicas), cell = result.GetValue(_cell);
        double silence = result.GetValue(_silence);
        if (!(silence is >= 0.1 and <= 3600))
            throw new UsageException($"--silence is {silence}; 0.1 to 3600 seconds are allowed.");
        var plan = new ClusterPlan
        {
            Price = price,
            Replicas = replicas,
            Cell = cell,
            Doors = result.GetValue(_doors) ?? Math.Clamp(cell == 0 ? replicas : cell, 1, Usual.Doors),
            LoadFactor = result.GetValue(_factor),
            Silence = TimeSpan.FromSeconds(silence),
            Engine = Engine(result),
            ThereSeconds = result.GetValue(_there),
            BackSeconds = result.GetValue(_back),
            KillSeconds = result.GetValue(_kill),
            RestartSeconds = result.GetValue(_restart),
            FreezeSeconds = result.GetValue(_freeze),
            FrozenSeconds = result.GetValue(_frozen),
            Seed = result.GetValue(_seed),
        };
        string[] names = result.GetValue(_routing) is { Length: > 0 } given ? given : [.. RoutingNames.Names];
        IReadOnlyList<ClusterPlan> plans = [.. names.Distinct().Select(name => plan with { Routing = RoutingOf(name) })];
        try
        {
            plan.Check();
        }
        catch (SimulationException failure)
        {
            throw new UsageException($"--{failure.Message}");
        }

        return plans;
    }

    /// <summary>The engine of each replica, and of what is measured.</summary>
    public EngineOptions Engine(ParseResult result) => Usual.Engine with
    {
        Pages = result.GetValue(_pages),
        PageSize = result.GetValue(_pageSize),
        MaxSequences = result.GetValue(_parallel),
        TokenBudget = Math.Max(Usual.Engine.TokenBudget, result.GetValue(_parallel)),
        MaxQueuedRequests = result.GetValue(_queue),
    };

    private static ClusterRouting RoutingOf(string name) => RoutingNames.Find(name)
        ?? throw new UsageException($"--routing is {name}; {string.Join(", ", RoutingNames.Names)} are there.");

    private static string Existing(string flag, string file) =>
        File.Exists(file) ? file : throw new UserErrorException($"{flag} {file}: there is no such file.");
}
