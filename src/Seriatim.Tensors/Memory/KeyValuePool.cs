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
    private float* _data;

    /// <summary>Reserves a pool.</summary>
    /// <param name="layers">Attention layers that store keys and values here.</param>
    /// <param name="heads">Key/value heads of a layer, K.</param>
    /// <param name="headDim">Features of a head, D.</param>
    /// <param name="pageSize">Positions in a page, P: 1, 2, 4, 8 or a multiple of 16.</param>
    /// <param name="pages">Number of pages.</param>
    /// <exception cref="ArgumentException">The page size is not one of those.</exception>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public KeyValuePool(int layers, int heads, int headDim, int pageSize, int pages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(pages, 1);
        if (pageSize is not (1 or 2 or 4 or 8) && (pageSize < 16 || pageSize % 16 != 0))
            throw new ArgumentException($"The page size is {pageSize}; 1, 2, 4, 8 or a multiple of 16 is needed.", nameof(pageSize));
        (Layers, Heads, HeadDim, PageSize, Pages) = (layers, heads, headDim, pageSize, pages);
        _data = (float*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc((nuint)Bytes, TensorPool.Alignment);
    }

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

    /// <summary>Bytes of one page over all layers and heads.</summary>
    public long PageBytes => BytesPerPosition(Layers, Heads, HeadDim) * PageSize;

    /// <summary>Bytes of all pages.</summary>
    public long Bytes => PageBytes * Pages;

    /// <summary>Bytes that one position of one sequence takes over all layers and heads.</summary>
    public static long BytesPerPosition(int layers, int heads, int headDim) =>
        (long)layers * heads * (headDim + PaddedDim(headDim)) * sizeof(float);

    /// <summary>Copies a whole page: the write of a copy-on-write.</summary>
    public void CopyPage(int source, int target)
    {
        CheckPage(source);
        CheckPage(target);
        Buffer.MemoryCopy((byte*)_data + source * PageBytes, (byte*)_data + target * PageBytes, PageBytes, PageBytes);
    }

    /// <summary>Copies one position, all layers and heads, to another: how the accepted path of a tree moves together.</summary>
    public void CopyPosition(int sourcePage, int sourceSlot, int targetPage, int targetSlot)
    {
        CheckPage(sourcePage);
        CheckPage(targetPage);
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < Heads; head++)
            {
                float* from = KeySlot(sourcePage, layer, head, sourceSlot, out int stride);
                float* to = KeySlot(targetPage, layer, head, targetSlot, out _);
                for (int d = 0; d < HeadDim; d++)
                    to[d * stride] = from[d * stride];
                int width = PaddedDim(HeadDim);
                Buffer.MemoryCopy(Values(sourcePage, layer, head) + sourceSlot * width,
                    Values(targetPage, layer, head) + targetSlot * width, width * sizeof(float), width * sizeof(float));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        System.Runtime.InteropServices.NativeMemory.AlignedFree(_data);
        _data = null;
    }

    internal static int PaddedDim(int headDim) => (headDim + 15) & ~15;

    /// <summary>Keys side by side in one block: 16, or a whole page if that is smaller.</summary>
    internal int BlockKeys => Math.Min(PageSize, 16);

    /// <summary>Keys of one page, layer and head: blocks of <c>[D][BlockKeys]</c>.</summary>
    internal float* Keys(int page, int layer, int head) => Start(page, layer, head);

    /// <summary>Values of one page, layer and head: <c>[P][D']</c>.</summary>
    internal float* Values(int page, int layer, int head) => Start(page, layer, head) + HeadDim * PageSize;

    /// <summary>Feature 0 of the key in a slot; the next feature is <paramref name="stride"/> floats further.</summary>
    internal float* KeySlot(int page, int layer, int head, int slot, out int stride)
    {
        stride = BlockKeys;
        return Keys(page, layer, head) + (slot / stride) * HeadDim * stride + slot % stride;
    }

    private float* Start(int page, int layer, int head) =>
        _data + (((long)page * Layers + layer) * Heads + head) * PageSize * (HeadDim + PaddedDim(HeadDim));

    private void CheckPage(int page)
    {
        ObjectDisposedException.ThrowIf(_data == null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)page, (uint)Pages);
    }
}
