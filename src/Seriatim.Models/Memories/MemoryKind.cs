namespace Seriatim.Models;

/// <summary>
/// A kind of layers by what they remember, with those of a stack that are of it. A further kind is one more of these.
/// </summary>
internal abstract class MemoryKind
{
    /// <summary>Layers of the kind.</summary>
    public int Layers { get; private set; }

    /// <summary>What its pool holds, in the words of the pool.</summary>
    public abstract string Name { get; }

    /// <summary>Whether a pool is of this kind.</summary>
    public abstract bool Fits(MemoryPool pool);

    /// <summary>Bytes that a position of a sequence takes.</summary>
    public virtual long BytesPerPosition(KeyValueType type) => 0;

    /// <summary>Bytes that a position of an encoder's output takes.</summary>
    public virtual long BytesPerSourcePosition(KeyValueType type) => 0;

    /// <summary>Bytes of a state.</summary>
    public virtual long BytesPerState => 0;

    /// <summary>Makes the pool in a device's memory.</summary>
    public abstract MemoryPool NewPool(Device device, in MemorySizes sizes);

    /// <summary>
    /// Takes a layer in if what it remembers belongs here: its number, that of the first of its parts; else -1.
    /// </summary>
    /// <param name="layer">What the layer remembers.</param>
    /// <param name="isHere">Whether it is in this stage of the model; one of another stage gets no room.</param>
    public int TryAdd(MemoryKind layer, bool isHere = true)
    {
        int place = Parts;
        if (!TakesIn(layer))
            return -1;
        if (isHere)
        {
            Widen(layer);
            Layers++;
        }

        return place;
    }

    /// <summary>Numbers that are given to layers.</summary>
    protected virtual int Parts => Layers;

    /// <summary>Whether a layer's memory lies with that of this kind.</summary>
    protected abstract bool TakesIn(MemoryKind layer);

    /// <summary>Makes room for a layer that <see cref="TakesIn"/>.</summary>
    protected virtual void Widen(MemoryKind layer)
    {
    }

    /// <summary>
    /// Keys and values of one shape, in pages. Layers that see different stretches are of different kinds, so that those with a
    /// window give their pages back while others keep theirs.
    /// </summary>
    /// <param name="heads">Key heads.</param>
    /// <param name="headDim">Features of a head.</param>
    /// <param name="sight">Positions that a row sees; 0: all.</param>
    /// <param name="narrows">Whether a narrower window of the sequence makes it less.</param>
    public sealed class Pages(int heads, int headDim, int sight = 0, bool narrows = true) : MemoryKind
    {
        public override string Name => "pages";

        public override bool Fits(MemoryPool pool) => pool is PagePool { Storage.SharesValues: false } and not CrossPagePool;

        public override long BytesPerPosition(KeyValueType type) => KeyValuePool.BytesPerPosition(Layers, heads, headDim, type);

        public override MemoryPool NewPool(Device device, in MemorySizes sizes) =>
            new PagePool(device.NewPages(Layers, heads, headDim, sizes.PageSize, sizes.Pages, sizes.Type), sight, narrows);

        protected override bool TakesIn(MemoryKind layer) => layer is Pages other && other.Shape == Shape;

        private (int, int, int, bool) Shape => (heads, headDim, sight, narrows);
    }

    /// <summary>
    /// Latents with the turned part of their keys beside them, in pages: what queries are compared with and what is added up,
    /// stored once, of one head for all (DeepSeek-AI, 2024).
    /// </summary>
    public sealed class Latents(int width) : MemoryKind
    {
        public override string Name => "pages of latents";

        public override bool Fits(MemoryPool pool) => pool is PagePool { Storage.SharesValues: true };

        public override long BytesPerPosition(KeyValueType type) =>
            KeyValuePool.BytesPerPosition(Layers, 1, width, type, sharesValues: true);

        public override MemoryPool NewPool(Device device, in MemorySizes sizes) =>
            new PagePool(device.NewPages(Layers, 1, width, sizes.PageSize, sizes.Pages, sizes.Type, sharesValues: true));

        protected override bool TakesIn(MemoryKind layer) => layer is Latents other && other.Width == Width;

        private int Width => width;
    }

    /// <summary>Keys and values of the encoder's output of one shape, in pages.</summary>
    public sealed class CrossPages(int heads, int headDim) : MemoryKind
    {
        public override string Name => "pages of cross-attention";

        public override bool Fits(MemoryPool pool) => pool is CrossPagePool;

        public override long BytesPerSourcePosition(KeyValueType type) =>
            KeyValuePool.BytesPerPosition(Layers, heads, headDim, type);

        public override MemoryPool NewPool(Device device, in MemorySizes sizes) =>
            new CrossPagePool(device.NewPages(Layers, heads, headDim, sizes.PageSize, sizes.CrossPages, sizes.Type));

        protected override bool TakesIn(MemoryKind layer) => layer is CrossPages other && other.Shape == Shape;

        private (int, int) Shape => (heads, headDim);
    }

    /// <summary>The ids of the sequence and nothing else: one kind for all layers of a stack.</summary>
    public sealed class Tokens : MemoryKind
    {
        public override string Name => "pages of ids";

        public override bool Fits(MemoryPool pool) => pool is TokenPool;

        public override long BytesPerPosition(KeyValueType type) => sizeof(int);

        public override MemoryPool NewPool(Device device, in MemorySizes sizes) => new TokenPool(sizes.Pages, sizes.PageSize);

        protected override bool TakesIn(MemoryKind layer) => layer is Tokens;
    }

    /// <summary>Recurrent states, those of all layers side by side.</summary>
    /// <param name="parts">Features of each part of a layer's state, which ops know by numbers that follow each other.</param>
    public sealed class States(params int[] parts) : MemoryKind
    {
        private readonly List<int> _widths = [];

        /// <summary>Whether a first state follows from the encoder's rows, which the first step then must bring.</summary>
        public bool FromEncoder { get; set; }

        public override string Name => "states";

        public override bool Fits(MemoryPool pool) => pool is StatePool;

        public override long BytesPerState => StateStorage.BytesPerSlot([.. _widths]);

        public override MemoryPool NewPool(Device device, in MemorySizes sizes) =>
            new StatePool(device.NewStates([.. _widths], sizes.States), sizes.PageSize) { FromEncoder = FromEncoder };

        protected override bool TakesIn(MemoryKind layer) => layer is States;

        protected override void Widen(MemoryKind layer)
        {
            var other = (States)layer;
            _widths.AddRange(other.Own);
            FromEncoder |= other.FromEncoder;
        }

        protected override int Parts => _widths.Count;

        private int[] Own => parts;
    }
}
