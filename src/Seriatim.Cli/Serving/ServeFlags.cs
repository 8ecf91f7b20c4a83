using System.CommandLine;
using System.Globalization;
using Seriatim.Generation;
using Seriatim.Server;
using Seriatim.Simulation;

namespace Seriatim.Cli;

/// <summary>The flags of <c>seriatim serve</c>, with the meaning they have in llama.cpp.</summary>
internal sealed class ServeFlags
{
    /// <summary>The longest time that is waited for: the runtime's timers go to 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private readonly Option<string[]> _models = Flag.Many("A model to serve, as other commands take it, or MODEL=NAME[,ALIAS...] "
        + "for names of its own; may be given again. It is opened at the start. None: the built-in models, opened when asked "
        + "for.",
        "model", "--model", "-m");

    private readonly Option<string?> _folder = Flag.Maybe<string>(
        "Serve the model folders and .gguf files of a folder too, each by its name, opened when asked for.", "folder",
            "--models-dir");

    private readonly Option<string> _host = Flag.Of("Address to listen at; 0.0.0.0: all of this machine.", "address",
        "127.0.0.1", "--host");

    private readonly Option<int> _port = Flag.Of("Port to listen at; 0: one that is free.", "port", 8080, "--port");

    private readonly Option<string[]> _keys =
        Flag.Many("A key that clients have to show; may be given again.", "key", "--api-key");

    private readonly Option<string?> _keyFile = Flag.Maybe<string>(
        "A file of keys, one a line, each with its limits: KEY name=ann priority=5 rpm=60 tpm=100000 parallel=4.", "file",
        "--api-key-file");

    private readonly Option<string?> _keepAlive = Flag.Maybe<string>("How long a model stays loaded after its last use: 300, "
        + "5m, 1h, 0, or -1 for ever. Default: for ever if given with -m, else 5m.", "time", "--keep-alive");

    private readonly Option<string?> _memory = Flag.Maybe<string>(
        "Memory for weights and what sequences remember, of all models together: 8g. Default: three quarters of this machine's.",
        "bytes", "--memory");

    private readonly Option<string?> _draft = Flag.Maybe<string>(
        "A smaller model with the same vocabulary that drafts for -m. Changes no output.", "model", "--draft-model",
        "--model-draft", "-md");

    private readonly Option<string[]> _adapters = Flag.Many("An adapter (LoRA) of -m as a model name of its own: NAME=FOLDER, as "
        + "PEFT saves it; with several -m MODEL:NAME=FOLDER. May be given again.", "adapter", "--lora-modules");

    private readonly Option<int> _parallel = Flag.Of("Most sequences that run at the same time, of each model.", "n", 64,
        "--parallel", "-np");

    private readonly Option<int> _queue = Flag.Of("Most requests that wait, of each model; one more gets 503.", "n", 512,
        "--max-queue");

    private readonly Option<string?> _maxTime = Flag.Maybe<string>(
        "The longest a request may take: 300, 5m; then it ends with what it has. -1: no limit. Default: no limit.", "time",
        "--max-time");

    private readonly Option<int?> _requests = Flag.Maybe<int?>("Requests a minute, of each key.", "n", "--requests-per-minute");

    private readonly Option<int?> _tokens = Flag.Maybe<int?>("Tokens a minute, of each key.", "n", "--tokens-per-minute");

    private readonly Option<int?> _concurrency = Flag.Maybe<int?>("Requests at the same time, of each key.", "n",
        "--max-concurrency");

    private readonly Option<int?> _connections = Flag.Maybe<int?>("Connections at the same time, of all clients; one more is "
        + "closed at once. Default: what the system's limit of open files leaves room for, 16384 at most.", "n",
        "--max-connections");

    private readonly Option<string[]> _cors = Flag.Many(
        "A web page that may ask the server, by its origin (https://example.org); *: all; may be given again.", "origin",
            "--cors");

    private readonly Option<string> _drain =
        Flag.Of("How long requests may go on when the server is asked to stop.", "time", "5m",
        "--drain-time");

    private readonly ClusterFlags _cluster = new();

    private readonly Option<string?> _pace = Flag.Maybe<string>("Have steps take at least as long as a file of 'lab cluster "
        + "--measure' says, to rehearse a cluster of larger models or other machines. Changes no answer.", "file", "--pace");

    private readonly Option<bool> _allowPull = Flag.Switch("Let requests fetch models from the hub (/api/pull). Without it only "
        + "where programs of this machine alone are served, without keys.", "--allow-pull");

    private readonly Option<bool> _allowTraining = Flag.Switch("Let the page train models and run the lab. Without it only where "
        + "programs of this machine alone are served, without keys.", "--allow-training");

    private readonly Option<bool> _logPrompts = Flag.Switch("Log prompts and answers. Without it nothing that clients write is "
        + "logged.", "--log-prompts");

    private readonly Option<bool> _logJson = Flag.Switch("Log a JSON object a line.", "--log-json");

    private readonly Option<bool> _verbose = Flag.Switch("Log every request.", "--verbose", "-v");

    private readonly Option<int> _threads = SharedOptions.Threads();
    private readonly Option<int?> _context = Flag.Maybe<int?>("Positions kept in memory for all sequences of a model together. "
        + "Default: as many as all of them can have, within 512 MiB, and one whole context within 1 GiB.", "n",
        "--ctx-size", "-c");
    private readonly Option<string> _cacheType = SharedOptions.CacheType("f16");
    private readonly Option<string?> _packCache = SharedOptions.PackCache();

    public IEnumerable<Option> All =>
    [
        _models, _adapters, _folder, _host, _port, _keys, _keyFile, _keepAlive, _memory, _draft, _context, _cacheType,
        _packCache, _parallel, _queue, _threads, _maxTime, _requests, _tokens, _concurrency, _connections, _cors, _drain,
        .. _cluster.All, _pace, _allowPull, _allowTraining, _logPrompts, _logJson, _verbose,
    ];

    /// <summary>Those that say which models there are, and how they run.</summary>
    public IEnumerable<Option> OfModels =>
        [_models, _adapters, _folder, _memory, _draft, _context, _cacheType, _packCache, _parallel, _queue, _threads, _maxTime];

    /// <summary>Where the server listens, and for whom.</summary>
    public ServerAppOptions App(ParseResult result)
    {
        int port = Value(result, _port) is { } given ? Number("--port", given) : result.GetValue(_port);
        if (port is < 0 or > 65535)
            throw new UsageException($"--port is {port}; 0 to 65535 is allowed.");
        int? connections = result.GetValue(_connections);
        if (connections < 1)
            throw new UsageException($"--max-connections is {connections}; 1 or more is allowed.");
        return new ServerAppOptions
        {
            MaxConnections = connections,
            Host = Value(result, _host) ?? result.GetRequiredValue(_host),
            Port = port,
            CorsOrigins = Values(result, _cors),
            DrainTimeout = Amounts.Time("--drain-time", result.GetRequiredValue(_drain), Longest),
            LogLevel = result.GetValue(_verbose) ? Microsoft.Extensions.Logging.LogLevel.Debug
                : Microsoft.Extensions.Logging.LogLevel.Information,
            LogsJson = result.GetValue(_logJson),
        };
    }

    /// <summary>Which cluster it is part of; null: none.</summary>
    public ServerAppPart? Cluster(ParseResult result) => _cluster.Part(result);

    /// <summary>Whether the page trains models: it takes all cores for as long as it likes, and writes to the disk.</summary>
    public bool AllowsTraining(ParseResult result) => IsMine(result) || result.GetValue(_allowTraining);

    /// <summary>What it serves, for whom.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="cancellation">Ends the search for models.</param>
    /// <param name="ready">Done when all flags are read, and before any model is looked for, which may be fetched.</param>
    /// <param name="stages">The processes that have the models' layers; null: this one alone.</param>
    public async Task<Action<SeriatimServerOptions>> ServerAsync(
        ParseResult result, CancellationToken cancellation, Action ready, PipelineOptions? stages = null)
    {
        string? keep = Value(result, _keepAlive) ?? result.GetValue(_keepAlive);
        TimeSpan? keepAlive = keep is null ? null : Amounts.Time("--keep-alive", keep, Longest);
        ApiKeyOptions[] keys = [.. Keys(result)];
        ClientLimits limits = Limits(result);
        Action<SeriatimServerOptions> models = await ModelsAsync(result, cancellation, keepAlive, ready, stages);
        bool isMine = IsMine(result);
        return options =>
        {
            models(options);
            foreach (ApiKeyOptions key in keys)
                options.ApiKeys.Add(key);
            options.Limits = limits;
            options.AllowsPulling = isMine || result.GetValue(_allowPull);
            options.LogsPrompts = result.GetValue(_logPrompts);
        };
    }

    /// <summary>
    /// Which models there are. Those that are named are found here, so that one that is not there stops the start.
    /// </summary>
    public async Task<Action<SeriatimServerOptions>> ModelsAsync(ParseResult result, CancellationToken cancellation,
        TimeSpan? keepAlive = null, Action? ready = null, PipelineOptions? stages = null)
    {
        string[] models = Values(result, _models);
        string? folder = Value(result, _folder) ?? result.GetValue(_folder);
        LanguageModelOptions open = Open(result) with { Pipeline = stages };
        TimeSpan? maxTime = MaxTime(result);
        string? draft = Value(result, _draft) ?? result.GetValue(_draft);
        if (draft is not null && models.Length != 1)
            throw new UsageException($"--draft-model drafts for the one model of -m, and there are {models.Length}.");
        string[] adapters = result.GetValue(_adapters) ?? [];
        LoraModules.RequireModels(adapters, models.Length);
        EngineHostOptions host = Host(result, keepAlive, stages);
        foreach (string model in models)
            NamesOf(model);
        ready?.Invoke();
        var served = new List<ServedModelOptions>();
        foreach (string model in models)
            served.Add(await ModelAsync(model, open with { DraftModel = draft }, keepAlive, cancellation));
        LoraModules.AddTo(served, adapters);
        return options =>
        {
            foreach (ServedModelOptions model in served)
                options.Models.Add(model);
            options.ModelsFolder = folder;
            options.BuiltInModels = served.Count == 0 && folder is null;
            options.ModelOptions = open;
            options.Host = host;
            options.RequestTimeout = maxTime;
        };
    }

    /// <summary>The model of a value of -m, and the names it gives it.</summary>
    private static (string Model, string[] Names) NamesOf(string text)
    {
        // A file may have the sign in its name.
        int at = Path.Exists(text) ? -1 : text.LastIndexOf('=');
        string model = at < 0 ? text : text[..at];
        string[] names = at < 0 ? [] : text[(at + 1)..].Split(',');
        return model.Length > 0 && !names.Contains("") ? (model, names)
            : throw new UsageException($"-m is {text}; MODEL, MODEL=NAME or MODEL=NAME,ALIAS is needed.");
    }

    private static async Task<ServedModelOptions> ModelAsync(string text, LanguageModelOptions open, TimeSpan? keepAlive,
        CancellationToken cancellation)
    {
        (string model, string[] names) = NamesOf(text);
        string folder = await ModelFolder.ResolveAsync(model, cancellation);
        return new ServedModelOptions
        {
            // Other machines find a model by the name that was given.
            Model = open.Pipeline is null || Path.Exists(model) ? folder : model,
            Name = names.Length > 0 ? names[0] : ServedModel.NameOf(model),
            Aliases = names.Length > 0 ? names[1..] : [],
            Options = open,
            KeepAlive = keepAlive ?? Timeout.InfiniteTimeSpan,
            Preload = true,
        };
    }

    private LanguageModelOptions Open(ParseResult result)
    {
        LanguageModelOptions open = SharedOptions.Read(result, _threads, _context, _cacheType, _packCache);
        int parallel = Value(result, _parallel) is { } given ? Number("--parallel", given) : result.GetValue(_parallel);
        int queue = Value(result, _queue) is { } most ? Number("--max-queue", most) : result.GetValue(_queue);
        foreach ((string name, int value) in new[] { ("--parallel", parallel), ("--max-queue", queue) })
        {
            if (value < 1)
                throw new UsageException($"{name} is {value}; 1 or more is allowed.");
        }

        EngineOptions engine = open.Engine with
        {
            MaxSequences = parallel,
            TokenBudget = Math.Max(open.Engine.TokenBudget, parallel),
            MaxQueuedRequests = queue,
        };
        if (result.GetValue(_pace) is { } pace)
        {
            if (!File.Exists(pace))
                throw new UserErrorException($"--pace {pace}: there is no such file.");
            engine = engine with { Price = PriceJson.Read(pace).Price };
        }

        if (Value(result, _context) is { } positions)
        {
            int pages = (Number("--ctx-size", positions) + engine.PageSize - 1) / engine.PageSize;
            engine = engine with { Pages = Math.Max(1, pages) };
        }

        return open with { Threads = 0, Engine = engine };
    }

    private EngineHostOptions Host(ParseResult result, TimeSpan? keepAlive, PipelineOptions? stages)
    {
        long? memory = result.GetValue(_memory) is { } said ? Amounts.Bytes("--memory", said) : null;
        int threads = ThreadsOf(result);
        if (stages is not null)
        {
            // Processes of one machine share its memory and its cores.
            memory ??= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3 / MpiProcessGroup.LocalSize;
            threads = TrainingRanks.Threads(stages.Group, threads);
        }

        var host = new EngineHostOptions { Threads = threads, MemoryBytes = memory };
        return keepAlive is { } time ? host with { KeepAlive = time } : host;
    }

    private int ThreadsOf(ParseResult result) =>
        Value(result, _threads) is { } threads ? Number("--threads", threads) : result.GetValue(_threads);

    /// <summary>Refuses what a server whose models are cut across processes does not do.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="saysLayers">Whether a cut is given.</param>
    public void RequireStages(ParseResult result, bool saysLayers)
    {
        if (_cluster.All.FirstOrDefault(flag => result.IsGiven(flag)) is { } cluster)
        {
            throw new UserErrorException($"{cluster.Name} is for servers of one process each: what has died is replaced there, "
                + "and a process that has layers of a model is not. Leave it out, or start one server on each machine without "
                + "mpirun.");
        }

        if (result.GetValue(_allowTraining))
        {
            throw new UserErrorException("--allow-training under mpirun: training on the page runs in one process, and would "
                + "take the cores from the layers that are served. Train with mpirun seriatim train, or serve without mpirun.");
        }

        if (saysLayers && Values(result, _models).Length != 1)
        {
            throw new UsageException($"--stage-layers cuts one model, and -m names {Values(result, _models).Length}. Leave it "
                + "out: each model is cut by the sizes in its files.");
        }
    }

    /// <summary>How a process above rank 0 opens models.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="stages">The processes.</param>
    public LanguageModelOptions OpenStage(ParseResult result, PipelineOptions stages) => Open(result) with
    {
        Pipeline = stages,
        Threads = TrainingRanks.Threads(stages.Group, ThreadsOf(result)),
    };

    /// <summary>Read before anything is opened, so that a wrong one is a usage error.</summary>
    private TimeSpan? MaxTime(ParseResult result)
    {
        if (result.GetValue(_maxTime) is not { } text)
            return null;
        TimeSpan time = Amounts.Time("--max-time", text);
        if (time == TimeSpan.Zero)
            throw new UsageException("--max-time is 0, and no request ends in no time; give more, or -1 for no limit.");
        return time == Timeout.InfiniteTimeSpan ? null : time;
    }

    private ClientLimits Limits(ParseResult result) => new()
    {
        RequestsPerMinute = result.GetValue(_requests),
        TokensPerMinute = result.GetValue(_tokens),
        Concurrency = result.GetValue(_concurrency),
    };

    /// <summary>Whether programs of this machine alone are served, without keys.</summary>
    private bool IsMine(ParseResult result)
    {
        ServerAppOptions app = App(result);
        return !Keys(result).Any() && app.CorsOrigins.Count == 0 && ServerApp.IsLoopback(app);
    }

    private IEnumerable<ApiKeyOptions> Keys(ParseResult result)
    {
        IEnumerable<ApiKeyOptions> keys = Values(result, _keys).Select(key => new ApiKeyOptions { Key = key });
        return result.GetValue(_keyFile) is { } file ? keys.Concat(KeyFile.Read(file, Limits(result))) : keys;
    }

    /// <summary>What the environment says in place of a flag that was not given; null: nothing.</summary>
    private static string? Value(ParseResult result, Option option) =>
        result.IsGiven(option) ? null : ServeVariables.Of(option.Name)?.Value;

    private static string[] Values(ParseResult result, Option<string[]> option) =>
        result.GetValue(option) is { Length: > 0 } given ? given
            : Value(result, option) is { } text
                ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [];

    private static int Number(string flag, string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
            : throw new UserErrorException($"{ServeVariables.Of(flag)!.Value.Name} is {text}; a whole number is needed.");
}
