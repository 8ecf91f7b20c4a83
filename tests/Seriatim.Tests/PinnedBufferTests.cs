namespace Seriatim.Tests;

/// <summary>Memory of messages: used again, and bounded however many lengths there are.</summary>
public sealed class PinnedBufferTests
{
    [Fact]
    public void A_buffer_is_used_again_for_lengths_near_it()
    {
        var buffers = new PinnedBuffers(1 << 20);
        byte[] first = buffers.Take(5000);
        Assert.Equal(8192, first.Length);
        Assert.NotSame(first, buffers.Take(5000));
        buffers.Give(first);
        Assert.Equal(8192, buffers.Kept);
        Assert.NotSame(first, buffers.Take(4096));
        Assert.Same(first, buffers.Take(8192));
        Assert.Equal(0, buffers.Kept);
        Assert.Equal(256, buffers.Take(0).Length);
    }

    [Fact]
    public void However_many_lengths_come_no_more_is_kept_than_the_bound()
    {
        var buffers = new PinnedBuffers(100_000);
        byte[][] all = [.. Enumerable.Range(1, 400).Select(i => buffers.Take(i * 97))];
        foreach (byte[] one in all)
            buffers.Give(one);
        Assert.InRange(buffers.Kept, 30_000, 100_000);
    }
}
