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

    public override bool IsHere
    {
        get
        {
            ObjectDisposedException.ThrowIf(_buffer is null, this);
            return _isHere = _isHere || group.IsDone(ref _request);
        }
    }

    public override ReadOnlySpan<byte> Wait()
    {
        for (int tries = 0; !IsHere; tries++)
            Pause(tries);
        return _buffer.AsSpan(0, bytes);
    }

    /// <summary>As messages wait; for what leaves.</summary>
    internal static void PauseAfter(int tries) => Pause(tries);

    protected override void Dispose(bool disposing)
    {
        if (_buffer is { } used)
            group.TakeBack(used, isFree: _isHere);
        _buffer = null;
    }
}
