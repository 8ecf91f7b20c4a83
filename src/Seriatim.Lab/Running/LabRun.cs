namespace Seriatim.Lab;

/// <summary>What an experiment is given, and where it tells what it found.</summary>
/// <param name="options">What the user wants.</param>
/// <param name="limits">The machine's limits, measured in this run.</param>
/// <param name="hub">Where models are found.</param>
/// <param name="say">Who is told what is being done.</param>
/// <param name="cancellation">Ctrl-C.</param>
internal sealed class LabRun(
    LabOptions options, MachineSpeed limits, ModelHub hub, Action<string> say, CancellationToken cancellation) : IDisposable
{
    private IDifferentiableOps? _ops;
    private readonly List<Figure> _figures = [];
    private readonly List<LabTable> _tables = [];
    private readonly List<LabText> _notes = [];
    private readonly int[] _series = new int[2];

    /// <summary>How thoroughly.</summary>
    public LabSize Size => options.Size;

    /// <summary>Threads to use, at least 1.</summary>
    public int Threads => options.Threads == 0 ? Environment.ProcessorCount : options.Threads;

    /// <summary>Of everything random.</summary>
    public ulong Seed => options.Seed;

    /// <summary>The machine's limits.</summary>
    public MachineSpeed Limits => limits;

    /// <summary>Whether the user named a model.</summary>
    public bool HasModel => options.Model is not null;

    /// <summary>
    /// Ops with <see cref="Threads"/>, for experiments that run models themselves; gone when the experiment ends.
    /// </summary>
    public IDifferentiableOps Ops => _ops ??= Device.Cpu.NewOps(Threads);

    /// <summary>Ctrl-C. Long loops ask <see cref="CancellationToken.ThrowIfCancellationRequested"/>.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>The model it runs on; set by <see cref="OpenAsync"/>.</summary>
    public string? Model { get; private set; }

    /// <summary>The figures so far.</summary>
    public IReadOnlyList<Figure> Figures => _figures;

    /// <summary>The tables so far.</summary>
    public IReadOnlyList<LabTable> Tables => _tables;

    /// <summary>The notes so far.</summary>
    public IReadOnlyList<LabText> Notes => _notes;

    /// <summary>The picture.</summary>
    public LabPlot? Plot { get; set; }

    /// <summary>One of three values by <see cref="Size"/>.</summary>
    public T Pick<T>(T tiny, T quick, T full) => Size switch
    {
        LabSize.Tiny => tiny,
        LabSize.Quick => quick,
        _ => full,
    };

    /// <summary>Tells what is being done: a line that is replaced by the next.</summary>
    public void Say(string what)
    {
        cancellation.ThrowIfCancellationRequested();
        say(what);
    }

    /// <summary>Who is told what is seen on the way; null: nobody is.</summary>
    public Action<LabPoint>? Seen { get; init; }

    /// <summary>Numbers for some series of points: the first of them.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="count">How many.</param>
    public int BeginSeries(LabPointKind kind, int count = 1)
    {
        int first = _series[(int)kind] + 1;
        _series[(int)kind] += count;
        return first;
    }

    /// <summary>Adds a figure that is the same in each run.</summary>
    public void Count(string key, double value, string unit, LabText words) =>
        Add(new Figure(key, value, unit, words, Timed: false));

    /// <summary>Adds a figure that depends on a clock.</summary>
    public void Measure(string key, double value, string unit, LabText words) =>
        Add(new Figure(key, value, unit, words, Timed: true));

    /// <summary>Adds a table.</summary>
    public void Add(LabTable table)
    {
        if (table.Rows.FirstOrDefault(row => row.Count != table.Columns.Count) is { } odd)
        {
            throw new ArgumentException(
                $"A row of \"{table.Title.English}\" has {odd.Count} cells for {table.Columns.Count} columns.");
        }
        if (table.Names is { } names && !names.Select(name => name.English).SequenceEqual(table.Rows.Select(row => row[0])))
            throw new ArgumentException($"The names of the rows of \"{table.Title.English}\" are not their first cells.");
        _tables.Add(table);
    }

    /// <summary>Adds something that a reader must know.</summary>
    public void Note(LabText note) => _notes.Add(note);

    /// <summary>
    /// Opens the user's model, or a built-in one where the user named none; a model for something else is a reason to skip.
    /// </summary>
    /// <param name="builtIn">The name of the built-in model, such as <c>stories</c>.</param>
    /// <param name="engine">Options of its engine.</param>
    /// <param name="task">What the model must be for.</param>
    public async Task<LanguageModel> OpenAsync(string builtIn, EngineOptions? engine = null,
        ModelTask task = ModelTask.CausalLanguageModel)
    {
        string name = options.Model ?? builtIn;
        Say($"opening {name}");
        Model = name;
        LanguageModel model;
        try
        {
            model = await LanguageModel.OpenAsync(name, new LanguageModelOptions
            {
                Threads = options.Threads,
                Hub = hub,
                Engine = engine ?? new EngineOptions(),
            }, cancellation);
        }
        catch (ModelTaskException wrong)
        {
            throw new LabSkipException(new(wrong.Message, $"模型不适用:{wrong.Message}"));
        }

        if (model.Model.Spec.Task != task)
        {
            ModelTask found = model.Model.Spec.Task;
            model.Dispose();
            throw new LabSkipException(new(
                $"{name} is a model for {found}; this experiment needs one for {task}.",
                $"{name} 是 {found} 模型;本实验需要 {task} 模型。"));
        }

        return model;
    }

    /// <summary>
    /// The folder or GGUF file of the user's model, or of a built-in one where the user named none: for experiments that load it
    /// in ways of their own.
    /// </summary>
    /// <param name="builtIn">The name of the built-in model.</param>
    public async Task<string> ResolveAsync(string builtIn)
    {
        string name = options.Model ?? builtIn;
        string path = await hub.ResolveAsync(name, cancellationToken: cancellation);
        Model ??= name;
        return path;
    }

    /// <summary>Skips where a model's weights in F32, four bytes each, would take more than half of the memory.</summary>
    /// <param name="path">A folder or a GGUF file.</param>
    public void RequireMemoryForF32(string path)
    {
        long parameters;
        using (var stored = Seriatim.Models.Model.Load(path))
            parameters = stored.ParameterCount;
        long bytes = parameters * sizeof(float), room = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        if (bytes > room)
        {
            throw new LabSkipException(new(
                $"Its weights in F32 take {bytes >> 20} MiB; half of this machine's memory is {room >> 20} MiB.",
                $"其 F32 权重需要 {bytes >> 20} MiB;本机内存的一半为 {room >> 20} MiB。"));
        }
    }

    /// <summary>
    /// Opens a built-in translator; <c>-m</c> does not change it, since others have no reference to be scored by.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="engine">Options of its engine.</param>
    public async Task<Translator> OpenTranslatorAsync(string name, EngineOptions? engine = null)
    {
        Say($"opening {name}");
        try
        {
            return await Translator.OpenAsync(name, new LanguageModelOptions
            {
                Threads = options.Threads,
                Hub = hub,
                Engine = engine ?? new EngineOptions(),
            }, cancellation);
        }
        catch (ModelHubException missing)
        {
            throw new LabSkipException(new(missing.Message, $"缺少模型:{missing.Message}"));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ops?.Dispose();

    private void Add(Figure figure)
    {
        if (_figures.Any(other => other.Key == figure.Key))
            throw new ArgumentException($"Two figures are called {figure.Key}.");
        _figures.Add(figure);
    }
}
