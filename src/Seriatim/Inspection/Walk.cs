using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Inspection;

/// <summary>
/// Generation one token at a time, forwards and back: what is remembered grows by one position a token, while all of it is read.
/// Each token is the engine's for the same request and seed.
/// </summary>
/// <remarks>Used by one caller at a time.</remarks>
public sealed class Walk : IDisposable
{
    private readonly Microscope _microscope;
    private readonly MemoryPools _pools;
    private readonly TokenChooser _chooser;
    private readonly GenerationRequest _request;
    private readonly List<TextToken> _tokens;
    private readonly List<Moment> _moments = [];
    private readonly int _prompt, _most;
    private bool _disposed;

    internal Walk(Microscope microscope, Specimen specimen, WalkOptions options)
    {
        (_microscope, Specimen, _tokens, _prompt) = (microscope, specimen, [.. specimen.Tokens], specimen.Tokens.Count);
        Model model = microscope.Model;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Shown, 1);
        _most = Math.Min(options.MaxNewTokens, model.Spec.Context - _prompt);
        if (_most < 1)
            throw new PromptTooLongException("The text", _prompt, 1, model.Spec.Context);
        _request = RequestOf(microscope.Parts, specimen, options, _most);
        IReadOnlyList<int> ends = _request.EndIds ?? microscope.Parts.EngineOptions.EndIds;
        _chooser = new TokenChooser(_request, ends, _most, model.Spec.Last.Vocabulary, options.Shown);

        // Pages of one position: a fork for each step shares all, and nothing is copied when the next one is written.
        _pools = model.NewMemoryPools(1, _prompt + _most + 2, states: _most + 8, crossPages: specimen.SourceTokens.Count + 2);
    }

    /// <summary>The text it began with.</summary>
    public Specimen Specimen { get; }

    /// <summary>The text so far.</summary>
    public IReadOnlyList<TextToken> Tokens => _tokens;

    /// <summary>New tokens so far.</summary>
    public int NewTokens => _tokens.Count - _prompt;

    /// <summary>Positions that are remembered: one more with each token.</summary>
    public int Remembered => Now.After.Length;

    /// <summary>Bytes that are remembered.</summary>
    public long Bytes => Now.After.Bytes;

    /// <summary>What comes next, and why; null: nothing can, the limit is reached.</summary>
    public TokenChoice? Next => Now.Choice;

    /// <summary>The logits that the next token is chosen from.</summary>
    public IReadOnlyList<float> Logits => Now.Logits;

    private Moment Now => _moments[^1];

    /// <summary>Appends the token that was chosen, or another one, and reads it.</summary>
    /// <param name="token">Another id; null: that of <see cref="Next"/>.</param>
    /// <param name="cancellationToken">Gives up before the pass begins.</param>
    /// <exception cref="InvalidOperationException">The limit is reached.</exception>
    /// <exception cref="TokenOutOfRangeException">There is no such token.</exception>
    public async Task ForwardAsync(int? token = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Next is not { } next)
            throw new InvalidOperationException($"{NewTokens} new tokens are the most of this walk; begin another with more.");
        int id = token ?? next.Token.Id;
        int[] ids = [.. _tokens.Select(one => one.Id), id];
        TextToken read = Specimen.TokensOf(_microscope.Tokenizer, ids)[^1];
        SamplerChain chain = Now.Chain.Copy();
        chain.Accept(id);
        Moment moment = await _microscope.UseAsync(() => Read(Now.After, [id], ids, chain), cancellationToken)
            .ConfigureAwait(false);
        _tokens.Add(read);
        _moments.Add(moment);
    }

    /// <summary>Takes the last new token back; false if there is none.</summary>
    public bool Back()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (NewTokens == 0)
            return false;
        Now.Dispose();
        _moments.RemoveAt(_moments.Count - 1);
        _tokens.RemoveAt(_tokens.Count - 1);
        return true;
    }

    /// <summary>
    /// Looks at the last step again: the new token's row over all that is remembered, or, before the first new token, the rows of
    /// the whole text. Earlier rows of a longer walk are seen with <see cref="Microscope.LookAsync"/>; they have the same bits.
    /// </summary>
    /// <param name="filter">What is wanted.</param>
    /// <param name="cancellationToken">Gives up before the pass begins.</param>
    public async Task<Capture> LookAsync(CaptureFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return (await LookManyAsync([filter], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Several looks at the last step, at the price of one pass.</summary>
    /// <param name="filters">What each is for.</param>
    /// <param name="cancellationToken">Gives up before the pass begins.</param>
    /// <returns>What each saw, in their order.</returns>
    public async Task<IReadOnlyList<Capture>> LookManyAsync(
        IReadOnlyList<CaptureFilter> filters, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentNullException.ThrowIfNull(filters);
        SequenceMemory? before = NewTokens == 0 ? null : _moments[^2].After;
        int[] ids = NewTokens == 0 ? [.. _tokens.Select(one => one.Id)] : [_tokens[^1].Id];
        return await _microscope.UseAsync(() =>
        {
            var pass = new CapturePass(_microscope.Model, _microscope.Ops, _microscope.Ops, [.. filters]);
            if (before is null)
                return pass.Whole(ids, Specimen.SourceIds, []);
            using SequenceMemory memory = before.Fork();
            return pass.Step(ids, [], memory);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _moments.ForEach(moment => moment.Dispose());
        _pools.Dispose();
    }

    internal static async Task<Walk> StartAsync(
        Microscope microscope, Specimen specimen, WalkOptions options, CancellationToken cancellationToken)
    {
        if (microscope.Model.Spec is { Decoder: null } or { MaskPredict: not null })
        {
            throw new ModelTaskException(
                $"{microscope.Name} does not write token by token, so there is no walk; look at its text with LookAsync.");
        }

        var walk = new Walk(microscope, specimen, options);
        try
        {
            walk._moments.Add(await microscope.UseAsync(walk.ReadPrompt, cancellationToken).ConfigureAwait(false));
            return walk;
        }
        catch
        {
            walk.Dispose();
            throw;
        }
    }

    private static GenerationRequest RequestOf(ModelParts parts, Specimen specimen, WalkOptions options, int most)
    {
        GenerationRequest request = parts.Defaults.ApplyTo(new GenerationRequest
        {
            Prompt = specimen.Ids,
            EncoderInput = specimen.SourceIds,
            ForcedEndId = parts.Model.Spec.IsEncoderDecoder
                ? parts.Defaults.ForcedEndId ?? parts.Model.Config.ForcedEosTokenId : null,
            Tokenizer = parts.Tokenizer,
        });
        SamplingOptions sampling = options.Sampling ?? request.Sampling;
        TokenConstraints constraints = sampling.Constraints;
        return request with
        {
            Seed = options.Seed,
            MaxNewTokens = most,
            MinNewTokens = Math.Min(request.MinNewTokens, most),
            Sampling = sampling with
            {
                Constraints = constraints with
                {
                    Suppressed = [.. constraints.Suppressed, .. parts.EngineOptions.SuppressedIds],
                },
            },
        };
    }

    private Moment ReadPrompt()
    {
        SequenceTerms terms = new() { DeclaredLength = _prompt + _most };
        using SequenceMemory memory = _microscope.Model.NewMemory(_pools, terms);
        int[] ids = Specimen.Ids;
        return Read(memory, ids, ids, _chooser.NewChain());
    }

    private Moment Read(SequenceMemory before, int[] rows, int[] all, SamplerChain chain)
    {
        SequenceMemory memory = before.Fork();
        try
        {
            Model model = _microscope.Model;
            IOps ops = _microscope.Ops;
            int[] source = Specimen.SourceIds;
            using Tensor? encoded = memory.NeedsEncoder
                ? model.Encode(ops, new RaggedBatchBuilder().AddEncoder(source).Build()) : null;
            RaggedBatch batch = new RaggedBatchBuilder().Add(rows, memory, outputs: Outputs.Last,
                encoder: encoded is null ? null : new EncoderRows(0, source.Length)).Build();
            using Tensor hidden = model.Forward(ops, batch, encoded);
            using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
            float[] values = logits.ToArray();
            memory.Commit(rows.Length);
            TokenChoice? choice = all.Length - _prompt >= _most ? null
                : _chooser.Choose(chain, values, [.. all], _microscope.Tokenizer);
            return new Moment(memory, values, chain, choice);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>After a token was read.</summary>
    private sealed record Moment(SequenceMemory After, float[] Logits, SamplerChain Chain, TokenChoice? Choice) : IDisposable
    {
        public void Dispose() => After.Dispose();
    }
}
