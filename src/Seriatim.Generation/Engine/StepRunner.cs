using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Runs a plan: gives pages back, attaches memories, makes the ragged batch and calls the model. If a pass fails, each request
/// runs alone, so that only the one that fails is failed; by the invariance of the model the others get the same bits.
/// </summary>
internal sealed partial class StepRunner(EngineContext context, MemoryPools? pools, PrefixCache? cache) : IDisposable
{
    private readonly IGenerationModel _model = context.Model;
    private readonly RaggedBatchBuilder _batch = new();
    private readonly RaggedBatchBuilder _encoder = new();
    private readonly StepRows _rows = new();
    private readonly StepProjection _projection = new(context.Model);
    private readonly List<int> _tokens = [];
    private readonly List<int> _parents = [];
    private readonly List<int> _indices = [];

    /// <summary>Why a pass last failed; null: none did.</summary>
    public Exception? LastFailure { get; private set; }

    /// <summary>Gives back the pages of preempted requests and takes the cached ones of admitted requests.</summary>
    public void Prepare(StepPlan plan)
    {
        foreach (SequenceGroup group in plan.Preempted)
            group.Suspend();
        foreach (Admission admission in plan.Admitted)
        {
            SequenceGroup group = admission.Group;
            if (!group.Remembers)
                continue;
            SequenceMemory memory = admission.Prefix is { } prefix
                ? cache!.Share(prefix, admission.PrefixPages, group.Terms, group.Demand.Reach)
                : pools!.NewMemory(group.Terms, group.Demand.Reach);
            Sequence sequence = group.Active[0];
            sequence.Attach(memory);
            sequence.Prefix = new PrefixPosition(admission.Prefix, admission.PrefixPages, false);
            if (group.FirstAdmitted is null)
                group.CachedTokens = memory.Length;
        }
    }

    /// <summary>The rows of all segments; valid until the next call.</summary>
    public StepRows Run(StepPlan plan)
    {
        ReadOnlySpan<PlannedSegment> segments = CollectionsMarshal.AsSpan(plan.Segments);
        _rows.Reset(segments.Length);
        RunAll(segments, Kind.Remembered);
        RunAll(segments, Kind.Whole);
        RunAll(segments, Kind.Targets);
        return _rows;
    }

    public void Dispose()
    {
        _rows.Dispose();
        _projection.Dispose();
    }

    /// <summary>What passes there are in a step.</summary>
    private enum Kind
    {
        /// <summary>Rows that read and write memories.</summary>
        Remembered,

        /// <summary>Whole sequences.</summary>
        Whole,

        /// <summary>Whole targets with their sources, and sources alone.</summary>
        Targets,
    }

    private static Kind KindOf(in PlannedSegment segment) => !segment.Wish.IsWhole ? Kind.Remembered
        : segment.Group.EncoderInput.IsEmpty ? Kind.Whole : Kind.Targets;

    private void RunAll(ReadOnlySpan<PlannedSegment> segments, Kind kind)
    {
        _indices.Clear();
        for (int i = 0; i < segments.Length; i++)
        {
            if (KindOf(segments[i]) == kind)
                _indices.Add(i);
        }

        if (_indices.Count == 0 || TryRun(segments, _indices, kind) is not { } failure)
            return;
        LastFailure = failure;
        EngineEvents.PassFailed(context.Logger, RowsOf(segments, _indices), failure);
        var own = new List<int>();
        for (int i = 0; i < _indices.Count; i += own.Count)
        {
            // The sequences of one request stay together: beams step in the same pass.
            own.Clear();
            for (int j = i; j < _indices.Count && segments[_indices[j]].Group == segments[_indices[i]].Group; j++)
                own.Add(_indices[j]);
            if (own.Count < _indices.Count)
                failure = TryRun(segments, own, kind);
            foreach (int index in failure is null ? [] : own)
                _rows.SetError(index, failure!);
        }
    }

    private Exception? TryRun(ReadOnlySpan<PlannedSegment> segments, List<int> indices, Kind kind)
    {
        try
        {
            if (kind == Kind.Remembered)
                Forward(segments, indices);
            else if (kind == Kind.Whole)
                Encode(segments, indices);
            else
                Fill(segments, indices);
            return null;
        }
        catch (Exception exception)
        {
            // What was prepared is forgotten; what was committed before stays.
            foreach (int index in indices)
                segments[index].Sequence.Memory?.Commit(0);

            return exception;
        }
    }

    private void Forward(ReadOnlySpan<PlannedSegment> segments, List<int> indices)
    {
        _batch.Clear();
        _encoder.Clear();
        MemoryUnits units = default;
        foreach (int index in indices)
            units += segments[index].Units;
        EnsureFree(units);
        foreach (int index in indices)
            Add(segments[index]);
        RaggedBatch batch = _batch.Build();
        using Tensor? encoded = _encoder.Rows > 0 ? _model.Encode(_encoder.Build()) : null;
        using Tensor hidden = _model.Forward(batch, encoded);
        _projection.Run(segments, indices, hidden, batch.OutputRows, _rows);
    }

    /// <summary>Makes room for the step: the prefix cache gives up what nobody has used for longest.</summary>
    private void EnsureFree(in MemoryUnits units)
    {
        if (cache is null)
            return;
        int pages = cache.Count;
        cache.EnsureFree(units);
        if (cache.Count < pages)
            EngineEvents.Evicted(context.Logger, pages - cache.Count, cache.Count);
    }

    private static int RowsOf(ReadOnlySpan<PlannedSegment> segments, List<int> indices)
    {
        int rows = 0;
        foreach (int index in indices)
            rows += segments[index].AllRows;
        return rows;
    }

    private void Add(in PlannedSegment segment)
    {
        (SequenceGroup group, Sequence sequence) = (segment.Group, segment.Sequence);
        EncoderRows? encoder = null;
        if (sequence.Memory is { NeedsEncoder: true })
        {
            encoder = new EncoderRows(_encoder.Rows, group.EncoderInput.Length);
            _encoder.AddEncoder(group.EncoderInput.Span, outputs: Outputs.None, adapter: group.Terms.Adapter);
        }

        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(sequence.Tokens).Slice(segment.First, segment.Rows);
        if (segment.Drafts > 0)
        {
            _tokens.Clear();
            _tokens.AddRange(tokens);
            _tokens.AddRange(CollectionsMarshal.AsSpan(sequence.Draft.Tokens)[..segment.Drafts]);
            tokens = CollectionsMarshal.AsSpan(_tokens);
        }

        if (segment.Drafts == 0 || sequence.Draft.IsChain(segment.Drafts))
        {
            _batch.Add(tokens, sequence.Memory, null, segment.Outputs, encoder, segment.Points);
            return;
        }

        _parents.Clear();
        _parents.Add(-1);
        for (int i = 0; i < segment.Drafts; i++)
            _parents.Add(sequence.Draft.Parents[i] + 1);
        _batch.AddTree(tokens, CollectionsMarshal.AsSpan(_parents), sequence.Memory!, segment.Points);
    }

    private void Encode(ReadOnlySpan<PlannedSegment> segments, List<int> indices)
    {
        _encoder.Clear();
        foreach (int index in indices)
        {
            Wish wish = segments[index].Wish;
            ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(wish.Sequence.Tokens);
            SequenceTerms terms = segments[index].Group.Terms;
            if (_model.Capability == ModelCapability.Decoder)
                _encoder.Add(tokens, terms: terms, outputs: Outputs.All);
            else
                _encoder.AddEncoder(tokens, wish.TokenTypes.Span, Outputs.All, terms.Adapter, wish.Pattern);
        }

        Tensor hidden = _model.Encode(_encoder.Build());
        _rows.Own(hidden);
        int first = 0;
        foreach (int index in indices)
        {
            SetWhole(index, segments[index].Wish, hidden, first);
            first += segments[index].Rows;
        }
    }

    /// <summary>The head reads each sequence by itself: where it throws, the others have their rows all the same.</summary>
    private void SetWhole(int index, in Wish wish, Tensor hidden, int first)
    {
        try
        {
            Tensor? logits = null;
            if (wish.LogitRows.Count > 0)
                _rows.Own(logits = _model.Project(hidden, wish.LogitRows.Select(row => first + row).ToArray()));
            _rows.SetLogits(index, logits, 0, wish.LogitRows.Count);
            if (wish.Hidden)
                _rows.SetHidden(index, hidden, first, wish.Rows);
        }
        catch (Exception exception)
        {
            LastFailure = exception;
            _rows.SetError(index, exception);
        }
    }
}
