namespace Seriatim.Web.Tests;

/// <summary>Where a held answer is written to: each event of a stream waits; what is no stream is one event.</summary>
internal sealed class HeldStream(Stream inner, HeldAnswer answer, CancellationToken gone) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, cancellationToken);
        while (buffer.Length > 0)
        {
            int end = buffer.Span.IndexOf("\n\n"u8), length = end < 0 ? buffer.Length : end + 2;
            await answer.PassAsync(either.Token);
            await inner.WriteAsync(buffer[..length], either.Token);
            await inner.FlushAsync(either.Token);
            buffer = buffer[length..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
