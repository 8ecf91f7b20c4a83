namespace Seriatim.Models;

/// <summary>
/// Pages of token ids: all that is worth remembering of a sequence for a model that reads it again in each step, because what
/// comes later can change its earlier rows (<see cref="StackSpec.ReadsAgain"/>). They are in the host's memory.
/// </summary>
public sealed class TokenPool : PositionPool
{
    private readonly int[]?[] _ids;

    /// <summary>A pool, all pages free.</summary>
    /// <param name="pages">Number of pages.</param>
    /// <param name="pageSize">Positions in a page.</param>
    public TokenPool(int pages, int pageSize)
        : base(pages, pageSize) => _ids = new int[pages][];

    /// <inheritdoc/>
    public override string Name => "pages of ids";

    /// <inheritdoc/>
    public override long UnitBytes => (long)PageSize * sizeof(int);

    /// <inheritdoc/>
    public override LayerMemory NewMemory(AttentionWindow? reach) => new TokenMemory(this, reach);

    /// <inheritdoc/>
    public override LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach) => new TokenMemory(this, reach, blocks);

    /// <inheritdoc/>
    public override void Dispose()
    {
        // Host memory alone.
    }

    /// <inheritdoc/>
    protected override void CopyPage(int from, int to) => IdsOf(from).CopyTo(IdsOf(to));

    /// <summary>The ids of a page.</summary>
    internal Span<int> IdsOf(int page) => _ids[page] ??= new int[PageSize];
}
