using Seriatim.Inspection;
using Seriatim.Server;
using Seriatim.Web.Calls;
using Scope = Seriatim.Inspection.Microscope;

namespace Seriatim.Web.Microscope;

/// <summary>
/// What lies under the microscope of one tab: a model, a text, how far it was walked, and where one looks. Passes run one after
/// another; what is shown changes on the page's own thread alone.
/// </summary>
public sealed class MicroscopeBench : IDisposable
{
    private readonly InsideCalls _calls;
    private IDisposable? _lease;
    private string _model = "";

    internal MicroscopeBench(InsideCalls calls) => _calls = calls;

    /// <summary>The model; null: none is chosen yet.</summary>
    public Scope? Scope { get; private set; }

    /// <summary>The text as it was typed; null: none was read yet.</summary>
    public Specimen? Text { get; private set; }

    /// <summary>How it goes on; null: the model does not write token by token.</summary>
    public Walk? Walk { get; private set; }

    /// <summary>How the next tokens are chosen.</summary>
    public WalkOptions Options { get; private set; } = new();

    /// <summary>Changes whenever what is shown has to be asked for anew.</summary>
    public int Version { get; private set; }

    /// <summary>The position one looks at, in the stack one looks at.</summary>
    public int Position { get; private set; }

    /// <summary>The stack one looks at.</summary>
    public StackSide Side { get; private set; } = StackSide.Decoder;

    /// <summary>The layer one looks at.</summary>
    public int Layer { get; private set; }

    /// <summary>The head one looks at.</summary>
    public int Head { get; private set; }

    /// <summary>The text so far, with the tokens that were generated.</summary>
    public IReadOnlyList<TextToken> Written => Walk?.Tokens ?? Text?.Tokens ?? [];

    /// <summary>The tokens of the stack one looks at.</summary>
    public IReadOnlyList<TextToken> Tokens => IsSource ? Text!.SourceTokens : Written;

    /// <summary>The stack one looks at.</summary>
    public StackMap Stack => Scope!.Map.Stacks.First(stack => stack.Side == Side);

    /// <summary>The layer one looks at.</summary>
    public LayerMap LayerMap => Stack.Layers[Layer];

    /// <summary>Whether one looks at the encoder of a model that has a decoder too.</summary>
    public bool IsSource => Side == StackSide.Encoder && Scope?.Map.Stacks.Count == 2;

    /// <summary>Whether the model reads a source and writes a target.</summary>
    public bool HasSource => Scope?.Map.Stacks.Count == 2;

    /// <summary>Chooses a model, which stays open as long as one looks at it.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task OpenAsync(string model, CancellationToken cancellationToken)
    {
        await _calls.BetweenAsync(Clear);
        ModelUse use = await _calls.UseAsync(model, cancellationToken);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            (_lease, Scope, _model) = (use, use.Microscope(), model);
        }
        catch
        {
            use.Dispose();
            throw;
        }

        Version++;
    }

    /// <summary>Puts a text under the microscope.</summary>
    /// <param name="text">The text; of a model with an encoder and a decoder what the decoder has written.</param>
    /// <param name="source">The encoder's text, if the model takes one.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task ReadAsync(string text, string source, CancellationToken cancellationToken)
    {
        Scope scope = Scope ?? throw new InvalidOperationException("No model is chosen.");
        Specimen specimen = scope.Prepare(text, HasSource ? source : null);
        Walk? walk = Walks(scope) ? await WalkAsync(scope, specimen, Options, [], cancellationToken) : null;
        Walk?.Dispose();
        (Text, Walk, Side) = (specimen, walk, scope.Map.Last.Side);
        LookAt(Written.Count - 1);
        LookAt(Side, Math.Min(Layer, Stack.Layers.Count - 1), Head);
    }

    /// <summary>Chooses the next tokens in another way, after the same text.</summary>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task ChooseByAsync(WalkOptions options, CancellationToken cancellationToken)
    {
        Options = options;
        if (Walk is not { } old)
            return;
        int[] written = [.. old.Tokens.Skip(Text!.Tokens.Count).Select(token => token.Id)];
        Walk walk = await WalkAsync(Scope!, Text, options, written, cancellationToken);
        Walk = walk;
        old.Dispose();
        Version++;
    }

    /// <summary>Generates a token, or takes the last one back.</summary>
    /// <param name="forward">Which.</param>
    /// <param name="token">Another token than the one that was chosen.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task StepAsync(bool forward, int? token, CancellationToken cancellationToken)
    {
        if (Walk is not { } walk)
            return;
        bool moves = true;
        if (forward)
        {
            await _calls.ReadAsync(_model, async () =>
            {
                await walk.ForwardAsync(token, cancellationToken);
                return walk;
            }, _ => 1, cancellationToken);
        }
        else
            await _calls.BetweenAsync(() => moves = walk.Back());

        if (!moves)
            return;
        if (!IsSource)
            Position = Written.Count - 1;
        Version++;
    }

    /// <summary>Looks at a position.</summary>
    /// <param name="position">Which; those beyond the text are its ends.</param>
    public void LookAt(int position)
    {
        Position = Math.Clamp(position, 0, Math.Max(0, Tokens.Count - 1));
        Version++;
    }

    /// <summary>Looks at a layer and a head.</summary>
    /// <param name="side">The stack.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    public void LookAt(StackSide side, int layer, int head)
    {
        bool moves = side != Side;
        Side = side;
        Layer = Math.Clamp(layer, 0, Stack.Layers.Count - 1);
        Head = Math.Clamp(head, 0, Math.Max(0, Math.Max(LayerMap.Heads, LayerMap.CrossHeads) - 1));
        if (moves)
            Position = Tokens.Count - 1;
        Version++;
    }

    /// <summary>
    /// Asks for what a view shows, and no more: of the newest row by its step, of others by a pass over the text.
    /// </summary>
    /// <param name="filter">What.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<Capture> LookAsync(CaptureFilter filter, CancellationToken cancellationToken) =>
        (await LookAsync([filter], cancellationToken))[0];

    /// <summary>Several looks, at the price of one pass.</summary>
    /// <param name="filters">What each is for.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<IReadOnlyList<Capture>> LookAsync(
        IReadOnlyList<CaptureFilter> filters, CancellationToken cancellationToken)
    {
        int tokens = 0;
        IReadOnlyList<Capture> seen = await _calls.ReadAsync(_model, () =>
        {
            // What lies there when its turn has come: a text that was changed meanwhile is looked at as it is now.
            cancellationToken.ThrowIfCancellationRequested();
            Scope scope = Scope ?? throw new OperationCanceledException("Another model was chosen.");
            int last = Written.Count - 1;
            bool isStep = Walk is { NewTokens: > 0 } && !IsSource
                && filters.All(filter => filter.Rows is { Count: 1 } rows && rows.Contains(last));
            tokens = isStep ? 1 : Written.Count + Text!.SourceTokens.Count;
            return isStep ? Walk!.LookManyAsync(filters, cancellationToken)
                : scope.LookManyAsync(Text! with { Tokens = Written }, filters, cancellationToken);
        }, _ => tokens, cancellationToken);
        BytesRead += seen.Sum(one => one.BytesRead);
        Looked?.Invoke();
        return seen;
    }

    /// <summary>The text so far in training.</summary>
    /// <param name="cancellationToken">Cancels it.</param>
    public Task<TeacherForcing> TeachAsync(CancellationToken cancellationToken)
    {
        Specimen text = Text! with { Tokens = Written };
        return _calls.ReadAsync(_model, () => Scope!.TeachAsync(text, cancellationToken: cancellationToken),
            _ => text.Tokens.Count + text.SourceTokens.Count, cancellationToken);
    }

    /// <summary>Something was looked at.</summary>
    public event Action? Looked;

    /// <summary>Bytes that were read back so far.</summary>
    public long BytesRead { get; private set; }

    /// <inheritdoc/>
    public void Dispose() => _ = _calls.BetweenAsync(Clear);

    /// <summary>A walk over a text and what was written after it.</summary>
    private Task<Walk> WalkAsync(
        Scope scope, Specimen text, WalkOptions options, int[] written, CancellationToken cancellationToken) =>
        _calls.ReadAsync(_model, async () =>
        {
            Walk walk = await scope.WalkAsync(text, options, cancellationToken);
            try
            {
                foreach (int token in written)
                    await walk.ForwardAsync(token, cancellationToken);
                return walk;
            }
            catch
            {
                walk.Dispose();
                throw;
            }
        }, _ => text.Tokens.Count + text.SourceTokens.Count + written.Length, cancellationToken);

    private static bool Walks(Scope scope) => scope.Model.Spec is { Decoder: not null, MaskPredict: null };

    private void Clear()
    {
        Walk?.Dispose();
        _lease?.Dispose();
        (_lease, Scope, Text, Walk) = (null, null, null, null);
    }
}
