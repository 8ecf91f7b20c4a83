using System.Runtime.InteropServices;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// A device as unlike the CPU's as one of this machine can be: it runs its work on a thread of its own, in order, and only when somebody
/// waits for it or much of it has gathered; nobody else can use its memory; memory that is freed is filled with NaN and given back in the
/// order of the work, later than it was asked for. What passes on it does not assume that ops have run when they return.
/// </summary>
internal sealed class LateDevice : Device, IDisposable
{
    /// <summary>Work that gathers before it is begun without anybody waiting.</summary>
    private const int Gathered = 300;

    private readonly Queue<Action> _work = new();
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _begin = new(0);
    private Exception? _failure;
    private long _asked;
    private long _liveBytes;
    private bool _ends;

    public LateDevice()
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = "late device" };
        _thread.Start();
    }

    public override string Name => "late";

    /// <summary>Pieces of work that were asked for.</summary>
    public long Asked => Volatile.Read(ref _asked);

    /// <summary>Bytes of tensors that were not freed yet.</summary>
    public long LiveBytes => Volatile.Read(ref _liveBytes);

    internal override bool IsHere => Thread.CurrentThread == _thread || WorkerTeam.IsInside;

    public override IDifferentiableOps NewOps(int threads = 0, LaneWidth? width = null) => new LateOps(this, (DeviceOps)CpuOps.Create(threads, width));

    /// <summary>As <see cref="NewOps"/>, with the plain loops of <see cref="ReferenceOps"/>.</summary>
    public IDifferentiableOps NewReferenceOps() => new LateOps(this, new ReferenceOps());

    public override void Write(Tensor tensor, ReadOnlySpan<float> values)
    {
        ShapeMismatchException.Require(values.Length == tensor.Length, "Write", "values", $"{values.Length} long", $"{tensor}");
        if (IsHere)
        {
            values.CopyTo(tensor.Span);
            return;
        }

        float[] copy = values.ToArray();
        Enqueue(() => copy.CopyTo(tensor.Span));
    }

    public override void Clear(Tensor tensor)
    {
        if (IsHere)
            ClearHere(tensor);
        else
            Enqueue(() => ClearHere(tensor));
    }

    private static unsafe void ClearHere(Tensor tensor) => NativeMemory.Clear(tensor.Data, (nuint)tensor.Bytes);

    public override HostRows Read(Tensor tensor)
    {
        float[] copy = [];
        using (tensor.Retain())
            Run(() => copy = tensor.Span.ToArray());
        return new HostRows(copy, tensor.Rows, tensor.Columns);
    }

    public override async ValueTask<HostRows> ReadAsync(Tensor tensor, CancellationToken cancellation = default)
    {
        float[] copy = [];
        Enqueue(() => copy = tensor.Span.ToArray());
        await SynchronizeAsync(cancellation).ConfigureAwait(false);
        return new HostRows(copy, tensor.Rows, tensor.Columns);
    }

    public override void Synchronize()
    {
        if (IsHere)
            return;
        SynchronizeAsync().AsTask().GetAwaiter().GetResult();
    }

    public override async ValueTask SynchronizeAsync(CancellationToken cancellation = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(done.SetResult);
        _begin.Release();
        await done.Task.WaitAsync(cancellation).ConfigureAwait(false); // else xunit starts a thread for each continuation
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    internal override nint Allocate(long bytes, bool lasting, out int tag)
    {
        tag = 0;
        Interlocked.Add(ref _liveBytes, bytes);
        return AllocateHere(bytes);
    }

    private static unsafe nint AllocateHere(long bytes)
    {
        void* address = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), TensorPool.Alignment);
        NativeMemory.Fill(address, (nuint)bytes, 0xFF);
        return (nint)address;
    }

    internal override void Free(Tensor tensor, nint address, int tag, long bytes) => Enqueue(() =>
    {
        tensor.Forget();
        FreeHere(address, bytes);
        Interlocked.Add(ref _liveBytes, -bytes);
    });

    private static unsafe void FreeHere(nint address, long bytes)
    {
        NativeMemory.Fill((void*)address, (nuint)bytes, 0xFF);
        NativeMemory.AlignedFree((void*)address);
    }

    internal override void Enqueue(Action work)
    {
        if (IsHere)
        {
            work();
            return;
        }

        Interlocked.Increment(ref _asked);
        bool much;
        lock (_lock)
        {
            _work.Enqueue(work);
            much = _work.Count >= Gathered;
        }

        if (much)
            _begin.Release();
    }

    public void Dispose()
    {
        Volatile.Write(ref _ends, true);
        _begin.Release();
        _thread.Join();
        _begin.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            _begin.Wait();
            while (true)
            {
                Action? work;
                lock (_lock)
                {
                    if (!_work.TryDequeue(out work))
                        break;
                }

                try
                {
                    work();
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref _failure, exception, null);
                }
            }

            if (Volatile.Read(ref _ends))
                return;
        }
    }

    private sealed class LateOps(LateDevice device, DeviceOps kernels) : DeviceOps(device)
    {
        public override void Dispose() => device.Enqueue(kernels.Dispose);

        internal override void Execute<TCall>(TCall call, ReadOnlySpan<Tensor> results)
        {
            Tensor[] copy = results.ToArray();
            device.Enqueue(() => kernels.Execute(call, copy));
        }
    }
}
