namespace Seriatim.Models;

/// <summary>
/// Hands layers their weights by path: <c>weights.At("layers", 3).Linear("attention.q", ...)</c>. Where they come from (a
/// checkpoint, a random start) and what they are called there is not the layers' affair. Records every parameter it made.
/// </summary>
public sealed class WeightBuilder
{
    private readonly IWeightSource _source;
    private readonly NameTable _names;
    private readonly List<ModelParameter> _parameters;
    private readonly List<(string Path, QuantizedMatrix Matrix)> _matrices;
    private readonly Dictionary<string, GroupedWeight> _linears;
    private readonly string _path;

    /// <summary>A builder at the root.</summary>
    /// <param name="source">Where parameters come from.</param>
    /// <param name="names">What the parts are called there.</param>
    /// <param name="device">Whose memory the parts are made in; null: the CPU's.</param>
    public WeightBuilder(IWeightSource source, NameTable names, Device? device = null)
        : this(source, names, [], [], [], "") => Device = device ?? Device.Cpu;

    private WeightBuilder(
        IWeightSource source, NameTable names, List<ModelParameter> parameters, List<(string, QuantizedMatrix)> matrices,
        Dictionary<string, GroupedWeight> linears, string path) =>
        (_source, _names, _parameters, _matrices, _linears, _path) = (source, names, parameters, matrices, linears, path);

    /// <summary>Whose memory the parts are made in.</summary>
    public Device Device { get; private init; } = Device.Cpu;

    /// <summary>What linear layers made by this builder, and by those below it, are for.</summary>
    public OpPart Part { get; private init; } = OpPart.Projection;

    /// <summary>All parameters made so far, by this builder and those below it.</summary>
    public IReadOnlyList<ModelParameter> Parameters => _parameters;

    /// <summary>All quantised matrices made so far, by this builder and those below it, with their paths in the model.</summary>
    public IReadOnlyList<(string Path, QuantizedMatrix Matrix)> Matrices => _matrices;

    /// <summary>
    /// All linear layers made so far, by this builder and those below it, by their paths in the model: what adapters add to.
    /// </summary>
    public IReadOnlyDictionary<string, GroupedWeight> Linears => _linears;

    /// <summary>The builder of a part.</summary>
    public WeightBuilder At(string name) =>
        new(_source, _names, _parameters, _matrices, _linears, Join(name)) { Device = Device, Part = Part };

    /// <summary>This builder for a part of the model whose time is counted as <paramref name="part"/>.</summary>
    public WeightBuilder For(OpPart part) =>
        new(_source, _names, _parameters, _matrices, _linears, _path) { Device = Device, Part = part };

    /// <summary>The builder of a numbered part.</summary>
    public WeightBuilder At(string name, int index) => At($"{name}.{index}");

    /// <summary>A linear layer.</summary>
    /// <param name="name">Name below this path.</param>
    /// <param name="outputs">Features of a result row.</param>
    /// <param name="inputs">Features of an input row.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="why">Where the shape comes from, in the words of the config.</param>
    /// <param name="gain">Factor of the deviation of a random start.</param>
    /// <param name="steps">If the layer makes steps of a state space model: those that its bias begins with.</param>
    /// <param name="biasStart">What a bias begins with otherwise.</param>
    public LinearWeight Linear(
        string name, int outputs, int inputs, bool bias, string why, float gain = 1, StepRange? steps = null,
        Initializer biasStart = Initializer.Zeros)
    {
        ParameterRequest request = Request(name, ".weight", outputs, inputs, ParameterLayout.Panels, true,
            Initializer.Normal, why, gain);
        QuantizedMatrix? blocks = Quantized(request);
        Parameter? dense = blocks is null ? Made(request) : null;
        Initializer start = steps is null ? biasStart : Initializer.Steps;
        Parameter? vector = bias
            ? Made(Request(name, ".bias", 1, outputs, ParameterLayout.RowMajor, false, start, why, 1) with
            {
                Steps = steps ?? StepRange.Usual,
            })
            : null;
        LinearWeight weight = blocks is null ? Device.Pack(dense!, vector) : Device.Pack(blocks, vector);
        weight.Part = Part;
        return Grouped(name, weight);
    }

    /// <summary>A linear layer with the matrix of the embedding (tied output projection) and a bias of its own, if any.</summary>
    public LinearWeight Tied(string name, EmbeddingWeight embedding, bool bias, string why)
    {
        Parameter? vector = bias ? Vector(name, ".bias", embedding.Count, Initializer.Zeros, why) : null;
        return Grouped(name, embedding.AsLinear(vector));
    }

    /// <summary>A linear layer with a stored bias that is not trained.</summary>
    /// <param name="name">Name of the bias below this path.</param>
    /// <param name="linear">The layer without a bias.</param>
    /// <param name="why">Where the shape comes from, in the words of the config.</param>
    public LinearWeight WithConstantBias(string name, LinearWeight linear, string why)
    {
        Parameter bias = Make(name, "", 1, linear.Outputs, ParameterLayout.RowMajor, false, Initializer.Zeros, why,
            constant: true);
        return linear.WithBias(bias);
    }

    /// <summary>A table of rows looked up by id.</summary>
    /// <param name="name">Name below this path.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="width">Features of a row.</param>
    /// <param name="tied">Whether the table also serves as a linear layer, and so lies in panels.</param>
    /// <param name="why">Where the shape comes from, in the words of the config.</param>
    /// <param name="frozenId">An id whose lookups leave no gradient; null for none.</param>
    /// <param name="gain">Factor of the deviation of a random start.</param>
    /// <param name="initializer">How it begins without a checkpoint.</param>
    public EmbeddingWeight Embedding(string name, int count, int width, bool tied, string why, int? frozenId = null,
        float gain = 1, Initializer initializer = Initializer.Normal)
    {
        ParameterLayout layout = tied ? ParameterLayout.Panels : ParameterLayout.RowMajor;
        ParameterRequest request = Request(name, ".weight", count, width, layout, true, initializer, why, gain);
        return Quantized(request) is { } blocks
            ? new EmbeddingWeight(blocks)
            : new EmbeddingWeight(Made(request), frozenId ?? -1);
    }

    /// <summary>A small table that stays in F32 (relative biases).</summary>
    public Parameter Table(string name, int rows, int columns, string why) =>
        Make(name, ".weight", rows, columns, ParameterLayout.RowMajor, false, Initializer.Normal, why);

    /// <summary>
    /// The vectors of additive scores, one of each head side by side: a vector <c>[1, H · D]</c>. Files have no ending for it.
    /// </summary>
    public Parameter Score(string name, int heads, int headDim, string why) =>
        Make(name, "", 1, heads * headDim, ParameterLayout.RowMajor, false, Initializer.Normal, why,
            gain: MathF.Sqrt(heads));

    /// <summary>Filters of a depthwise convolution: <c>[channels, taps]</c> in panels, and a bias, in F32.</summary>
    /// <param name="name">Name below this path.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="taps">Taps of each.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="why">Where the shape comes from, in the words of the config.</param>
    public (Parameter Weight, Parameter? Bias) Filter(string name, int channels, int taps, bool bias, string why) =>
        (Make(name, ".weight", channels, taps, ParameterLayout.Panels, false, Initializer.Filter, why),
            bias ? Vector(name, ".bias", channels, Initializer.Zeros, why) : null);

    /// <summary>
    /// Logarithms of the rates of a state space model, <c>[channels, states]</c> in panels, in F32. Files have no ending for it.
    /// </summary>
    public Parameter Rates(string name, int channels, int states, string why) =>
        Make(name, "", channels, states, ParameterLayout.Panels, false, Initializer.Rates, why);

    /// <summary>The same with one rate of each head: a vector, <c>[1, H]</c>.</summary>
    public Parameter Rates(string name, int heads, string why) => Vector(name, "", heads, Initializer.Rates, why);

    /// <summary>The bias of one step of each head. Files have no ending for it.</summary>
    public Parameter Steps(string name, int heads, StepRange steps, string why) => Made(
        Request(name, "", 1, heads, ParameterLayout.RowMajor, false, Initializer.Steps, why, 1) with { Steps = steps });

    /// <summary>A vector of factors that begins with ones. Files have no ending for it.</summary>
    public Parameter Ones(string name, int length, string why) => Vector(name, "", length, Initializer.Ones, why);

    /// <summary>The same, for files that end its name as that of a weight.</summary>
    public Parameter Factors(string name, int length, string why) => Vector(name, ".weight", length, Initializer.Ones, why);

    /// <summary>A vector of logits that begins with zeros. Files have no ending for it.</summary>
    public Parameter Logits(string name, int length, string why) => Vector(name, "", length, Initializer.Zeros, why);

    /// <summary>A stored vector that begins with zeros and that no gradient reaches. Files have no ending for it.</summary>
    public Parameter Constant(string name, int length, string why) => Make(name, "", 1, length, ParameterLayout.RowMajor, false,
        Initializer.Zeros, why, constant: true);

    /// <summary>A norm over <paramref name="width"/> features.</summary>
    /// <exception cref="NotSupportedException">It is a batch norm, which has no place here.</exception>
    public NormWeight Norm(string name, NormSpec spec, int width)
    {
        if (spec.Kind == NormKind.Batch)
        {
            throw new NotSupportedException(
                $"A batch norm at {Join(name)} is not built: layers, embeddings and stacks have them.");
        }
        Parameter? scale = !spec.HasFactors ? null
            : Vector(name, ".weight", width, spec.Offset == 0 ? Initializer.Ones : Initializer.Zeros, "hidden size");
        Parameter? bias = spec.Bias ? Vector(name, ".bias", width, Initializer.Zeros, "hidden size") : null;
        return new NormWeight(spec.Kind, scale, bias, spec.Epsilon, spec.Offset) { Width = width };
    }

    /// <summary>
    /// A batch norm over <paramref name="width"/> features; its running statistics are stored and never trained.
    /// </summary>
    public BatchNormWeight BatchNorm(string name, NormSpec spec, int width)
    {
        Parameter Statistic(string ending, Initializer start) => Make(name, ending, 1, width, ParameterLayout.RowMajor, false,
            start, "hidden size", constant: true);
        Parameter scale = Vector(name, ".weight", width, Initializer.Ones, "hidden size");
        Parameter? bias = spec.Bias ? Vector(name, ".bias", width, Initializer.Zeros, "hidden size") : null;
        return new BatchNormWeight(scale, bias, Statistic(".running_mean", Initializer.Zeros),
            Statistic(".running_var", Initializer.Ones), spec.Epsilon);
    }

    /// <summary>Checks that the source was used up.</summary>
    /// <exception cref="CheckpointMismatchException">Tensors were neither read nor waived.</exception>
    public void Complete() => _source.Complete(_names);

    private Parameter Vector(string name, string ending, int length, Initializer initializer, string why) =>
        Make(name, ending, 1, length, ParameterLayout.RowMajor, false, initializer, why);

    private Parameter Make(
        string name, string ending, int rows, int columns, ParameterLayout layout, bool isMatrix, Initializer initializer,
        string why, bool constant = false, float gain = 1)
    {
        ParameterRequest request = Request(name, ending, rows, columns, layout, isMatrix, initializer, why, gain);
        return Made(request, constant);
    }

    private ParameterRequest Request(
        string name, string ending, int rows, int columns, ParameterLayout layout, bool isMatrix,
        Initializer initializer, string why, float gain)
    {
        string path = Join(name);
        TensorPlace place = _names.Find(path, ending);
        string full = place.Rows is null ? place.Name : $"{place.Name}[{path[(path.LastIndexOf('.') + 1)..]}]";
        return new ParameterRequest(full, place, rows, columns, layout, isMatrix, initializer, why)
        {
            Device = Device,
            Path = path,
            Ending = ending,
            Gain = gain,
        };
    }

    private Parameter Made(ParameterRequest request, bool constant = false)
    {
        Parameter parameter = _source.Make(request);
        if (constant)
            parameter.Trainable = false;
        _parameters.Add(new ModelParameter(parameter, request.Place, request.IsVector, constant)
        {
            Path = request.Path,
            Ending = request.Ending,
            IsMatrix = request.IsMatrix,
        });
        return parameter;
    }

    private QuantizedMatrix? Quantized(ParameterRequest request)
    {
        QuantizedMatrix? matrix = _source.MakeQuantized(request);
        if (matrix is not null)
            _matrices.Add((request.Path, matrix));
        return matrix;
    }

    /// <summary>The layer as it is, to whose rows adapters can add.</summary>
    private GroupedWeight Grouped(string name, LinearWeight weight) => _linears[Join(name)] = weight.WithGroups();

    private string Join(string name) => _path.Length == 0 ? name : $"{_path}.{name}";
}
