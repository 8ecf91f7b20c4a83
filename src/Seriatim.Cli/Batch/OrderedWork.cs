using System.Threading.Channels;

namespace Seriatim.Cli;

/// <summary>Work on many items at once, whose results come in the order of the items.</summary>
internal static class OrderedWork
{
    /// <summary>Items under way at once: enough to fill the engine's steps, few enough for its queue.</summary>
    private const int AtOnce = 128;

    /// <summary>
    /// Begins work on each item as it comes, while there is room, and gives the works in order; they may have ended or not.
    /// </summary>
    public static async Task RunAsync<TItem, TResult>(
        IAsyncEnumerable<TItem> items, Func<TItem, CancellationToken, Task<TResult>> start, Func<TItem, Task<TResult>, Task> take,
            CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var under = Channel.CreateBounded<(TItem Item, Task<TResult> Work)>(AtOnce);
        Task feeding = FeedAsync(items, start, under.Writer, stop.Token);
        try
        {
            await foreach ((TItem item, Task<TResult> work) in under.Reader.ReadAllAsync(CancellationToken.None))
                await take(item, work);
            await feeding;
        }
        finally
        {
            // Nobody waits for what is still under way.
            await stop.CancelAsync();
            await Task.WhenAny(feeding);
        }
    }

    private static async Task FeedAsync<TItem, TResult>(
        IAsyncEnumerable<TItem> items, Func<TItem, CancellationToken, Task<TResult>> start,
        ChannelWriter<(TItem, Task<TResult>)> writer, CancellationToken cancellation)
    {
        try
        {
            await foreach (TItem item in items.WithCancellation(cancellation))
            {
                await writer.WaitToWriteAsync(cancellation);
                await writer.WriteAsync((item, start(item, cancellation)), cancellation);
            }
        }
        finally
        {
            writer.TryComplete();
        }
    }
}
