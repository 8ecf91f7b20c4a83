namespace Seriatim.Tensors;

/// <summary>
/// Fixed-size pages for the keys and values of one stack of attention layers. A page holds <see cref="PageSize"/>
/// positions of one sequence for every layer and head. Which page belongs to whom is decided elsewhere.
/// </summary>
/// <remarks>
/// Keys of 16 positions lie as <c>[D][16]</c>, so that the scores of 16 keys come out in 16 lanes; values lie as
/// <c>[P][D']</c> with D' = D rounded up to 16, so that outputs lie in lanes over D. The memory is reserved at once and,
/// on the usual systems, only taken when it is first written.
/// </remarks>
public sealed unsafe class KeyValuePool : IDisposable
{
    private readonly KeyValueLayout _layout;
    private readonly long _headBytes;
    private readonly NativeBlock _pages;
    private readonly long _stride;
    private byte* _data;
    private int _disposed;

    /// <summary>Reserves a pool in this machine's memory.</summary>
    /// <param name="layers">Attention layers that store keys and values here.</param>
    /// <param name="heads">Key/value heads of a layer, K.</param>
    /// <param name="headDim">Features of a head, D.</param>
    /// <param name="pageSize">Positions in a page, P: 1, 2, 4, 8 or a multiple of 16.</param>
    /// <param name="pages">Number of pages.</param>
    /// <param name="type">How keys and values are stored.</param>
    /// <exception cref="ArgumentException">The page size is not one of those.</exception>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public KeyValuePool(int layers, int heads, int headDim, int pageSize, int pages, KeyValueType type = KeyValueType.F32)
        : this(Device.Cpu, Layered(layers), heads, headDim, pageSize, pages, type)
    {
    }

    internal KeyValuePool(Device device, int layers, int heads, int headDim, int pageSize, int pages, KeyValueType type,
        bool sharesValues = false)
    {
        Device = device;
        ArgumentOutOfRangeException.ThrowIfNegative(layers);
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(pages, 1);
        if (pageSize is not (1 or 2 or 4 or 8) && (pageSize < 16 || pageSize % 16 != 0))
        {
            throw new ArgumentException($"The page size is {pageSize}; 1, 2, 4, 8 or a multiple of 16 is needed.",
                nameof(pageSize));
        }
        if (!Enum.IsDefined(type))
            throw new ArgumentOutOfRangeException(nameof(type), type, "F32, F16 or Q8 is needed.");
        (Layers, Heads, HeadDim, PageSize, Pages, Type) = (layers, heads, headDim, pageSize, pages, type);
        SharesValues = sharesValues;
        _layout = new KeyValueLayout(type, headDim, BlockKeys);
        PageBytes = BytesPerPosition(layers, heads, headDim, type, sharesValues) * pageSize;
        _headBytes = layers == 0 ? 0 : PageBytes / ((long)layers * heads);
        _pages = new NativeBlock(PageBytes, pages);
        _stride = _pages.Stride;
        _data = _pages.Pointer;
    }

    /// <summary>Whose memory the pages are in.</summary>
    public Device Device { get; }

    /// <summary>Attention layers.</summary>
    public int Layers { get; }

    /// <summary>Key/value heads of a layer, K.</summary>
    public int Heads { get; }

    /// <summary>Features of a head, D.</summary>
    public int HeadDim { get; }

    /// <summary>Positions in a page, P.</summary>
    public int PageSize { get; }

    /// <summary>Number of pages.</summary>
    public int Pages { get; }

    /// <summary>How keys and values are stored.</summary>
    public KeyValueType Type { get; }

    /// <summary>Whether the values are the keys, which are then all that is stored.</summary>
    public bool SharesValues { get; }

    /// <summary>Bytes of one page over all layers and heads.</summary>
    public long PageBytes { get; }

    /// <summary>Bytes of all pages.</summary>
    public long Bytes => PageBytes * Pages;

    /// <summary>Bytes that one position of one sequence takes over all layers and heads.</summary>
    /// <param name="layers">Attention layers.</param>
    /// <param name="heads">Key/value heads of a layer, K.</param>
    /// <param name="headDim">Features of a head, D.</param>
    /// <param name="type">How they are stored.</param>
    /// <param name="sharesValues">Whether the values are the keys.</param>
    public static long BytesPerPosition(
        int layers, int heads, int headDim, KeyValueType type = KeyValueType.F32, bool sharesValues = false)
    {
        var layout = new KeyValueLayout(type, headDim, 1);
        return (long)layers * heads * (layout.KeyBlockBytes + (sharesValues ? 0 : layout.ValueBytes));
    }

    /// <summary>Copies a whole page, in the order of the device's work: the write of a copy-on-write.</summary>
    public void CopyPage(int source, int target)
    {
        CheckPage(source);
        CheckPage(target);
        if (Device.IsHere)
            Copy(source, target);
        else
            Device.Enqueue(() => Copy(source, target));
    }

    /// <summary>Copies one position, all layers and heads, to another: how the accepted path of a tree moves together.</summary>
    public void CopyPosition(int sourcePage, int sourceSlot, int targetPage, int targetSlot)
    {
        CheckPage(sourcePage);
        CheckPage(targetPage);
        if (Device.IsHere)
            Copy(sourcePage, sourceSlot, targetPage, targetSlot);
        else
            Device.Enqueue(() => Copy(sourcePage, sourceSlot, targetPage, targetSlot));
    }

    private static int Layered(int layers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        return layers;
    }

    private void Copy(int source, int target) =>
        Buffer.MemoryCopy(_data + source * _stride, _data + target * _stride, PageBytes, PageBytes);

    private void Copy(int sourcePage, int sourceSlot, int targetPage, int targetSlot)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < Heads; head++)
            {
                _layout.CopyKey(KeyBlock(sourcePage, layer, head, sourceSlot), sourceSlot % BlockKeys,
                    KeyBlock(targetPage, layer, head, targetSlot), targetSlot % BlockKeys);
                if (SharesValues)
                    continue;
                Buffer.MemoryCopy(Value(sourcePage, layer, head, sourceSlot), Value(targetPage, layer, head, targetSlot),
                    _layout.ValueBytes, _layout.ValueBytes);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (Device.IsHere)
            Free();
        else
            Device.Enqueue(Free);
    }

    private void Free()
    {
        _data = null;
        _pages.Dispose();
    }

    /// <summary>Whether its memory was given back.</summary>
    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>The page, if there is one of this number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    internal int Checked(int page) => (uint)page < (uint)Pages
        ? page
        : throw new ArgumentOutOfRangeException(nameof(page),
            $"Attention reads page {page}; the pool has the pages 0 to {Pages - 1}.");

    internal static int PaddedDim(int headDim) => (headDim + 15) & ~15;

    /// <summary>Keys side by side in one block: 16, or a whole page if that is smaller.</summary>
    internal int BlockKeys => Math.Min(PageSize, 16);

    /// <summary>How its elements lie.</summary>
    internal KeyValueLayout Layout => _layout;

    /// <summary>The block of <see cref="BlockKeys"/> keys that a slot is in.</summary>
    internal byte* KeyBlock(int page, int layer, int head, int slot) =>
        Start(page, layer, head) + slot / BlockKeys * _layout.KeyBlockBytes;

    /// <summary>The value in a slot.</summary>
    internal byte* Value(int page, int layer, int head, int slot) =>
        Start(page, layer, head) + PageSize / BlockKeys * _layout.KeyBlockBytes + slot * _layout.ValueBytes;

    /// <summary>Stores the key and the value of one head, D floats each.</summary>
    internal void Store(int page, int layer, int head, int slot, float* key, float* value)
    {
        _layout.StoreKey(KeyBlock(page, layer, head, slot), slot % BlockKeys, key);
        if (!SharesValues)
            _layout.StoreValue(Value(page, layer, head, slot), value);
    }

    /// <summary>Reads a key, its features <paramref name="stride"/> floats apart.</summary>
    internal void LoadKey(int page, int layer, int head, int slot, float* to, int stride) =>
        _layout.LoadKey(KeyBlock(page, layer, head, slot), slot % BlockKeys, to, stride);

    /// <summary>Reads a value: D' floats.</summary>
    internal void LoadValue(int page, int layer, int head, int slot, float* to)
    {
        if (!SharesValues)
        {
            _layout.LoadValue(Value(page, layer, head, slot), to);
            return;
        }

        LoadKey(page, layer, head, slot, to, 1);
        new Span<float>(to + HeadDim, PaddedDim(HeadDim) - HeadDim).Clear();
    }

    private byte* Start(int page, int layer, int head) =>
        _data + page * _stride + ((long)layer * Heads + head) * _headBytes;

    private void CheckPage(int page)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)page, (uint)Pages);
    }
}
