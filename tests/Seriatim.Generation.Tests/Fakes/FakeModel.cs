namespace Seriatim.Generation.Tests;

/// <summary>
/// A model without weights that really remembers: it stores a hash of each token and position through the real paged attention,
/// reads the mean of what a row may see, and makes logits of the bits of that mean. Or it lets the real recurrence take the
/// hashes in, or both. Any error in pages, forks, positions or commits changes every logit. The token after the last one, in a
/// fixed order, is preferred, so that there are repetitions for speculation to find.
/// </summary>
internal sealed class FakeModel : IGenerationModel, IDisposable
{
    private const int Dim = 16;
    private static readonly AttentionSpec Spec = new(1, 1, Dim, 1f);
    private const int Width = 21; // of a state: no multiple of 16
    private readonly IOps _ops;
    private readonly ulong _seed;

    public FakeModel(int threads = 1, int vocabulary = 50, int context = 4096, ulong seed = 1,
        ModelCapability capability = ModelCapability.Decoder, Remembers remembers = Remembers.Pages)
    {
        _ops = CpuOps.Create(threads);
        (VocabularySize, ContextLength, _seed, Capability, Kinds) = (vocabulary, context, seed, capability, remembers);
    }

    public ModelCapability Capability { get; }

    public string FingerprintOf(string? adapter) => $"fake {_seed} {VocabularySize} {Capability} {Kinds} {adapter}";

    public int VocabularySize { get; }

    public int ContextLength { get; }

    public int Outputs => VocabularySize;

    /// <summary>What its one layer of each kind is.</summary>
    public Remembers Kinds { get; }

    public long BytesPerPosition(KeyValueType type) =>
        Kinds.HasFlag(Remembers.Pages) ? KeyValuePool.BytesPerPosition(1, 1, Dim, type) : 0;

    public long BytesPerState => Kinds.HasFlag(Remembers.States) ? StateStorage.BytesPerSlot([Width]) : 0;

    /// <summary>How much the token after the last one is preferred.</summary>
    public float Preference { get; init; } = 3;

    /// <summary>A token that no pass survives; -1: none.</summary>
    public int Poison { get; init; } = -1;

    /// <summary>A token after which logits are not numbers; -1: none.</summary>
    public int Madness { get; init; } = -1;

    public long Passes { get; private set; }

    public long Rows { get; private set; }

    public MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type)
    {
        var pools = new List<MemoryPool>();
        if (Kinds.HasFlag(Remembers.Pages))
            pools.Add(new PagePool(new KeyValuePool(1, 1, Dim, pageSize, pages, type)));
        if (Kinds.HasFlag(Remembers.States))
            pools.Add(new StatePool(new StateStorage([Width], states), pageSize));
        if (Capability == ModelCapability.EncoderDecoder)
            pools.Add(new CrossPagePool(new KeyValuePool(1, 1, Dim, pageSize, pages, type)));
        return new MemoryPools(pageSize, pools);
    }

    public SequenceLimits LimitsOf(SequenceTerms terms) => terms.Window is { } window && Kinds.HasFlag(Remembers.States)
        ? throw new NotSupportedException($"A window of {window.Size}; the states of this model remember all of the past.")
        : new(terms.Window is null ? ContextLength : AttentionWindow.MaxPositions, terms.Window);

    public SequenceTerms MemoryVariant(SequenceTerms terms) => terms with { DeclaredLength = null };

    public Tensor Encode(RaggedBatch batch) => See(batch);

    public Tensor Forward(RaggedBatch batch, Tensor? encoded)
    {
        Passes++;
        Rows += batch.Rows;
        foreach (int token in batch.Tokens.Span)
        {
            if (token == Poison)
                throw new InvalidDataException("poison");
        }

        using Tensor? self = Kinds.HasFlag(Remembers.Pages) ? See(batch) : null;
        using Tensor? state = Kinds.HasFlag(Remembers.States) ? TakeIn(batch) : null;
        Tensor result = Tensor.Zeros(batch.Rows, 2 * Dim + (state is null ? 0 : Width) + 1);
        using Tensor? cross = Capability == ModelCapability.EncoderDecoder ? Cross(batch, encoded) : null;
        for (int row = 0; row < batch.Rows; row++)
        {
            self?.Row(row).CopyTo(result.Row(row));
            state?.Row(row).CopyTo(result.Row(row)[(2 * Dim)..]);
            cross?.Row(row).CopyTo(result.Row(row)[Dim..]);
            result.Row(row)[^1] = batch.Tokens.Span[row];
        }

        return result;
    }

    public Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows)
    {
        Tensor logits = Tensor.Create(rows.Length, VocabularySize);
        for (int i = 0; i < rows.Length; i++)
        {
            Span<float> row = hidden.Row(rows.Span[i]);
            int last = (int)row[^1];
            ulong hash = _seed;
            foreach (float value in row)
                hash = Mix(hash ^ BitConverter.SingleToUInt32Bits(value));
            Span<float> target = logits.Row(i);
            for (int id = 0; id < target.Length; id++)
                target[id] = last == Madness ? float.NaN : 4f * (Mix(hash ^ (ulong)id) >> 40) / (1 << 24);
            target[(last * 7 + 3) % VocabularySize % 11] += Preference;
        }

        return logits;
    }

    public void Dispose() => (_ops as IDisposable)?.Dispose();

    private static Tensor Values(RaggedBatch batch, int width = Dim)
    {
        ReadOnlySpan<int> tokens = batch.Tokens.Span;
        ReadOnlySpan<int> positions = batch.Positions.Span;
        Tensor values = Tensor.Create(tokens.Length, width);
        foreach (Segment segment in batch.Segments)
        {
            // An adapter changes what is made of each token.
            ulong adapter = 0;
            foreach (char letter in segment.Terms.Adapter ?? "")
                adapter = Mix(adapter ^ letter);
            for (int row = segment.FirstRow; row < segment.FirstRow + segment.Rows; row++)
            {
                for (int d = 0; d < width; d++)
                {
                    values.Row(
                        row)[d] = (float)(Mix(
                            adapter ^ ((ulong)(uint)tokens[row] << 40) ^ ((ulong)(uint)positions[row] << 8) ^ (ulong)d) >> 40)
                            / (1 << 24);
                }
            }
        }

        return values;
    }

    private Tensor See(RaggedBatch batch)
    {
        AttentionSegment[] segments = [.. batch.Segments.Select(s =>
            new AttentionSegment(s.FirstRow, s.Rows, s.FirstRow, s.Rows, s.Past, Part<PagedMemory>(s)?.Pages, s.Visibility,
                s.Parents)
            {
                Window = s.Terms.Window?.Size ?? 0,
                Sinks = s.Terms.Window?.Sinks ?? 0,
            })];
        KeyValuePool? pool = batch.Segments.Select(s => Part<PagedMemory>(s)?.Storage).FirstOrDefault(p => p is not null);
        using Tensor zeros = Tensor.Zeros(batch.Rows, Dim);
        using Tensor values = Values(batch);
        return _ops.Attention(zeros, zeros, values, new AttentionRows(segments, pool), 0, Spec);
    }

    private Tensor Cross(RaggedBatch batch, Tensor? encoded)
    {
        AttentionSegment[] segments = [.. batch.Segments.Select(s => new AttentionSegment(
            s.FirstRow, s.Rows, s.Encoder?.FirstRow ?? 0, s.Encoder?.Rows ?? 0, Part<CrossMemory>(s)!.Length,
                Part<CrossMemory>(s)!.Pages, Visibility.Full))];
        using Tensor zeros = Tensor.Zeros(batch.Rows, Dim);
        using Tensor? keys = encoded is null ? null : Tensor.Zeros(encoded.Rows, Dim);
        return _ops.Attention(zeros, keys, encoded, new AttentionRows(segments, Part<CrossMemory>(batch.Segments[0])!.Storage), 0,
            Spec);
    }

    private Tensor TakeIn(RaggedBatch batch)
    {
        RecurrenceSegment[] segments = [.. batch.Segments.Select(s => new RecurrenceSegment(
            s.FirstRow, s.Rows, Part<StateMemory>(s)?.Source ?? -1, Part<StateMemory>(s)?.Kept ?? [], s.Parents))];
        StateStorage? storage = batch.Segments.Select(s => Part<StateMemory>(s)?.Storage).FirstOrDefault(p => p is not null);
        using Tensor gates = Tensor.Zeros(batch.Rows, Width);
        using Tensor values = Values(batch, Width);
        return _ops.GatedRecurrence(gates, values, new RecurrenceRows(segments, storage), 0);
    }

    private static T? Part<T>(Segment segment)
        where T : LayerMemory => segment.Memory?.Stores.OfType<T>().SingleOrDefault();

    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}

/// <summary>The kinds of layers of a <see cref="FakeModel"/>.</summary>
[Flags]
public enum Remembers
{
    Pages = 1,
    States = 2,
    Both = Pages | States,
}
