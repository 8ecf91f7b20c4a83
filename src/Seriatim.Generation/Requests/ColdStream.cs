namespace Seriatim.Generation;

/// <summary>
/// A stream that begins when it is read, and is read once: nothing is checked and nothing runs before the first element is asked
/// for, and who reads it twice is told, instead of paying for a second request.
/// </summary>
/// <param name="read">Begins; the token is the reader's. Its own work must wait for the first element too: an iterator.</param>
internal sealed class ColdStream<T>(Func<CancellationToken, IAsyncEnumerable<T>> read) : IAsyncEnumerable<T>
{
    private int _begun;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        Interlocked.Exchange(ref _begun, 1) == 0
            ? read(cancellationToken).GetAsyncEnumerator(cancellationToken)
            : throw new InvalidOperationException("This stream has been read; it is read once. Ask for another one.");
}
