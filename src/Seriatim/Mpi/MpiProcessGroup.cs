using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// The processes that <c>mpirun</c> has started, over Open MPI. Its library is looked for when <see cref="Start"/> is called and
/// never before.
/// </summary>
/// <example>
/// <code>
/// using ProcessGroup group = MpiProcessGroup.IsRequested ? MpiProcessGroup.Start() : ProcessGroup.Alone;
/// using var trainer = new Trainer(recipe, new TrainingOptions { Group = group });
/// </code>
/// </example>
/// <remarks>
/// Disposing waits for the other processes to do the same; a process that cannot go on calls <see cref="Abort"/> instead. Waiting
/// polls, ever more rarely, so that ranks may be more than cores. A rank that dies is noticed by mpirun, which ends the others.
/// </remarks>
public sealed unsafe class MpiProcessGroup : ProcessGroup
{
    private const long MostKept = 256 << 20;

    private readonly MpiLibrary _mpi;
    private readonly List<(nint Request, byte[] Buffer)> _leaving = [];
    private readonly List<byte[]> _abandoned = [];
    private readonly PinnedBuffers _buffers = new(MostKept);
    private bool _isOver;

    private MpiProcessGroup(MpiLibrary mpi) => (_mpi, Rank, Size) = (mpi, mpi.Rank, mpi.Size);

    /// <summary>Whether this process was started by Open MPI's <c>mpirun</c>.</summary>
    public static bool IsRequested => Variable("OMPI_COMM_WORLD_SIZE") > 0;

    /// <summary>Ranks on this machine, this one included; 1 without mpirun.</summary>
    public static int LocalSize => Math.Max(1, Variable("OMPI_COMM_WORLD_LOCAL_SIZE"));

    /// <inheritdoc/>
    public override int Rank { get; }

    /// <inheritdoc/>
    public override int Size { get; }

    /// <summary>Joins the other processes; once in the life of a process.</summary>
    /// <exception cref="MpiException">There is no Open MPI, or it cannot start.</exception>
    public static MpiProcessGroup Start() => new(MpiLibrary.Start(MpiLibrary.Names));

    /// <inheritdoc/>
    public override void Advance()
    {
        for (int i = _leaving.Count - 1; i >= 0; i--)
        {
            (nint request, byte[] buffer) = _leaving[i];
            bool isDone = _mpi.IsDone(ref request);
            _leaving[i] = (request, buffer);
            if (!isDone)
                continue;
            _leaving.RemoveAt(i);
            TakeBack(buffer, isFree: true);
        }
    }

    /// <inheritdoc/>
    public override void Abort(int exitCode)
    {
        _mpi.Abort(exitCode);
        Environment.Exit(exitCode);
    }

    /// <inheritdoc/>
    protected override void Post(int to, int tag, ReadOnlySpan<byte> message)
    {
        Advance();
        byte[] buffer = _buffers.Take(message.Length);
        message.CopyTo(buffer);
        _leaving.Add((_mpi.Send(AddressOf(buffer), message.Length, to, tag), buffer));
    }

    /// <inheritdoc/>
    protected override IncomingMessage Expect(int from, int tag, int bytes)
    {
        byte[] buffer = _buffers.Take(bytes);
        return new MpiMessage(this, buffer, bytes, _mpi.Receive(AddressOf(buffer), bytes, from, tag));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_isOver)
            return;
        _isOver = true;
        for (int tries = 0; _leaving.Count > 0; tries++)
        {
            Advance();
            Idle(tries);
        }

        _mpi.Finish();
    }

    /// <summary>Waits until a message is here. What leaves moves on meanwhile: MPI's progress is one for all.</summary>
    internal void Await(ref nint request)
    {
        for (int tries = 0; !_mpi.IsDone(ref request); tries++)
            Idle(tries);
    }

    /// <summary>A buffer is not needed any more; one that MPI may still write to is kept as it is.</summary>
    internal void TakeBack(byte[] buffer, bool isFree)
    {
        if (isFree)
            _buffers.Give(buffer);
        else
            _abandoned.Add(buffer);
    }

    private static byte* AddressOf(byte[] pinned) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));

    /// <summary>A short wait costs little time, a long one little of the machine.</summary>
    private static void Idle(int tries)
    {
        if (tries < 64)
            Thread.SpinWait(16);
        else if (tries < 4096)
            Thread.Yield();
        else
            Thread.Sleep(1);
    }

    private static int Variable(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : 0;
}
