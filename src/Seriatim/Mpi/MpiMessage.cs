using Seriatim.Training;

namespace Seriatim;

/// <summary>A message on its way from another rank.</summary>
/// <param name="group">Whose.</param>
/// <param name="buffer">Where it goes.</param>
/// <param name="bytes">How many bytes it has.</param>
/// <param name="request">What MPI knows it by.</param>
internal sealed class MpiMessage(MpiProcessGroup group, byte[] buffer, int bytes, nint request) : IncomingMessage
{
    private byte[]? _buffer = buffer;
    private nint _request = request;
    private bool _isHere;

    public override ReadOnlySpan<byte> Wait()
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (!_isHere)
            group.Await(ref _request);
        _isHere = true;
        return _buffer.AsSpan(0, bytes);
    }

    protected override void Dispose(bool disposing)
    {
        if (_buffer is { } used)
            group.TakeBack(used, isFree: _isHere);
        _buffer = null;
    }
}
