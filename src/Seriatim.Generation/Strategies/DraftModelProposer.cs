using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Drafts with a smaller model. It chooses with the processors and the random numbers of the request itself, so that it agrees
/// with the model as often as their distributions do.
/// </summary>
internal sealed class DraftModelProposer(EngineContext context, IGenerationModel model) : IDisposable
{
    private readonly MemoryPools _pools = NewPools(context, model);
    private readonly Dictionary<SequenceId, Memory> _memories = [];
    private readonly List<(Sequence Sequence, Drafting Drafting, int Length)> _wanted = [];
    private readonly List<SequenceId> _old = [];
    private readonly RaggedBatchBuilder _batch = new();
    private const int LongestPause = 1024;

    private long _round;
    private long _resume;
    private int _backOff = 1;

    /// <summary>How often it failed, and why it last did.</summary>
    public long Failures { get; private set; }

    public Exception? LastFailure { get; private set; }

    /// <summary>Seconds for one drafted token of one sequence, a running average.</summary>
    public double SecondsOfToken { get; private set; }

    public void Want(Sequence sequence, Drafting drafting, int length)
    {
        if (_round < _resume)
            return;
        try
        {
            if (sequence.Tokens.Count + length <= LimitsOf(drafting).Context)
                _wanted.Add((sequence, drafting, length));
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Drafts for the wanted sequences, in the same passes; forgets the memories of sequences that have gone.</summary>
    public void Run(IReadOnlyList<SequenceGroup> running)
    {
        _round++;
        foreach (SequenceGroup group in running)
        {
            foreach (Sequence sequence in group.Live)
            {
                if (_memories.TryGetValue(sequence.Id, out Memory? memory))
                    memory.Round = _round;
            }
        }

        Forget(memory => memory.Round != _round);
        if (_wanted.Count == 0)
            return;
        long start = context.Clock.GetTimestamp();
        int drafted = 0;
        try
        {
            for (int depth = 0; _wanted.Count > 0; depth++)
                drafted += Pass(depth);
        }
        catch (OutOfPagesException)
        {
            // Drafts are a convenience: all memories are given up, and the next steps begin anew.
            Forget();
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        _wanted.Clear();
        if (drafted > 0)
        {
            if (_round > _resume)
                _backOff = 1;
            double seconds = context.Clock.GetElapsedTime(start).TotalSeconds / drafted;
            SecondsOfToken = SecondsOfToken == 0 ? seconds : 0.9 * SecondsOfToken + 0.1 * seconds;
        }
    }

    /// <summary>Gives up all memories; the next steps begin anew.</summary>
    public void Forget() => Forget(_ => true);

    /// <summary>
    /// No request fails because its drafts do. What was drafted is verified as ever; a model
    /// that goes on failing is asked less and less.
    /// </summary>
    private void Fail(Exception exception)
    {
        EngineEvents.DraftFailed(context.Logger, exception);
        LastFailure = exception;
        Failures++;
        _resume = _round + (_backOff = Math.Min(LongestPause, _backOff * 2));
        Forget();
    }

    public void Dispose()
    {
        Forget();
        _pools.Dispose();
    }

    /// <summary>One more token for each sequence; the first pass brings the memories up to date.</summary>
    private int Pass(int depth)
    {
        _batch.Clear();
        int rows = context.Options.TokenBudget;
        for (int i = 0; i < _wanted.Count && rows > 0; i++)
            rows -= Add(_wanted[i].Sequence, _wanted[i].Drafting, rows, depth == 0);
        RaggedBatch batch = _batch.Build();
        _wanted.RemoveRange(batch.Segments.Count, _wanted.Count - batch.Segments.Count);
        using Tensor hidden = model.Forward(batch, null);
        batch.Commit();
        using Tensor logits = model.Project(hidden, batch.OutputRows);
        HostRows values = logits.Read();
        int drafted = 0;
        for (int i = batch.Segments.Count - 1; i >= 0; i--)
        {
            (Sequence sequence, Drafting drafting, int length) = _wanted[i];
            Memory memory = _memories[sequence.Id];
            if (depth == 0)
                memory.Mark = memory.Past.Mark();
            bool isUpToDate = memory.Past.Length == sequence.Tokens.Count + depth;
            bool goesOn = isUpToDate && TryChoose(sequence, drafting, memory, values.Row(i));
            drafted += goesOn ? 1 : 0;
            if (!goesOn || sequence.Draft.Count == length)
                _wanted.RemoveAt(i);
        }

        return drafted;
    }

    private int Add(Sequence sequence, Drafting drafting, int rows, bool isFirst)
    {
        if (!_memories.TryGetValue(sequence.Id, out Memory? memory))
            _memories.Add(sequence.Id, memory = new Memory { Past = NewMemory(sequence, drafting), Round = _round });
        if (isFirst)
        {
            memory.Restore(sequence.Tokens.Count);
            memory.Tokens.Clear();
            memory.Tokens.AddRange(sequence.Tokens);
        }

        int first = memory.Past.Length;
        int count = Math.Min(rows, memory.Tokens.Count - first);
        _batch.Add(CollectionsMarshal.AsSpan(memory.Tokens).Slice(first, count), memory.Past);
        return count;
    }

    private static MemoryPools NewPools(EngineContext context, IGenerationModel model)
    {
        (int pages, int states) = context.Options.DraftSizesFor(context.Model, model);
        return model.NewMemoryPools(context.Options.PageSize, pages, states, context.Options.KeyValueType);
    }

    private SequenceMemory NewMemory(Sequence sequence, Drafting drafting)
    {
        (int context, AttentionWindow? reach) = LimitsOf(drafting);
        int declared = Math.Min(context, sequence.PromptLength + drafting.MaxNewTokens);
        return _pools.NewMemory(drafting.DraftTerms! with { DeclaredLength = declared }, reach);
    }

    /// <summary>
    /// The draft sees the window of the request if it can; else it stops at its own context. Its rotary positions are its own.
    /// </summary>
    private SequenceLimits LimitsOf(Drafting drafting)
    {
        if (drafting.DraftTerms is not null)
            return drafting.DraftLimits;
        try
        {
            drafting.DraftTerms = new SequenceTerms { Window = drafting.Request.Window };
            drafting.DraftLimits = model.LimitsOf(drafting.DraftTerms);
        }
        catch (SequenceTermsException)
        {
            drafting.DraftTerms = SequenceTerms.None;
            drafting.DraftLimits = model.LimitsOf(SequenceTerms.None);
        }

        return drafting.DraftLimits;
    }

    private bool TryChoose(Sequence sequence, Drafting drafting, Memory memory, ReadOnlySpan<float> logits)
    {
        LogitsRow row = context.Row;
        row.Load(logits);
        (row.Tokens, row.PromptLength) = (memory.Tokens, sequence.PromptLength);
        (row.Seed, row.SequenceIndex, row.EncoderInput) = (drafting.Seed, sequence.Id.Index, default);
        try
        {
            if (sequence.Draft.Count == 0)
                memory.Sampler = sequence.State!.Sampler!.Copy();
            int token = memory.Sampler!.Choose(row);
            memory.Sampler.Accept(token);
            sequence.Draft.Add(token, sequence.Draft.Count - 1);
            memory.Tokens.Add(token);
            return true;
        }
        catch (GenerationException)
        {
            // Nothing to choose, or a processor that throws: if decoding meets it, too, that is the request's own error.
            return false;
        }
    }

    private void Forget(Func<Memory, bool> which)
    {
        _old.Clear();
        foreach ((SequenceId id, Memory memory) in _memories)
        {
            if (which(memory))
                _old.Add(id);
        }

        foreach (SequenceId id in _old)
        {
            _memories[id].Past.Dispose();
            _memories.Remove(id);
        }
    }

    private sealed class Memory
    {
        public required SequenceMemory Past { get; init; }

        public List<int> Tokens { get; } = [];

        /// <summary>Chooses drafts: a copy of the sequence's, made when its first token is drafted.</summary>
        public SamplerChain? Sampler { get; set; }

        /// <summary>Where the tokens that are certain end.</summary>
        public MemoryMark? Mark { get; set; }

        public long Round { get; set; }

        /// <summary>
        /// Goes back to the tokens that are certain; with nothing to compute (the last draft was not used), to none.
        /// </summary>
        public void Restore(int tokens)
        {
            if (Mark is not null)
                Past.Restore(Mark);
            Mark?.Dispose();
            Mark = null;
            if (Past.Length >= tokens)
                Past.Dispose();
        }
    }
}
