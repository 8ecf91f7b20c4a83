namespace Seriatim.Tensors;

/// <summary>
/// Kernels of one kind: each is written when it is first asked for, put where it can run, and compared once with what it stands
/// for. A kernel that is not right ends all of <see cref="MachineCode"/>: the processor is not what it says.
/// </summary>
/// <param name="name">What they are, for the reason.</param>
/// <param name="count">How many.</param>
/// <param name="write">Writes one, for the convention of Windows or not.</param>
/// <param name="isRight">Runs one and compares.</param>
/// <param name="refuse">Who hears why there are no kernels; null: <see cref="MachineCode"/>, for all kinds.</param>
internal sealed unsafe class KernelTable(
    string name, int count, Func<int, bool, byte[]> write, Func<int, nint, bool> isRight, Action<string>? refuse = null)
{
    private const nint None = -1;

    private readonly nint[] _kernels = new nint[count];
    private readonly object _gate = new();

    /// <summary>The address of a kernel; 0 if there is none.</summary>
    public nint Find(int index)
    {
        nint kernel = Volatile.Read(ref _kernels[index]);
        if (kernel == 0)
            kernel = Make(index);
        return kernel == None ? 0 : kernel;
    }

    private nint Make(int index)
    {
        lock (_gate)
        {
            if (_kernels[index] == 0)
                Volatile.Write(ref _kernels[index], MakeNow(index));
            return _kernels[index];
        }
    }

    private nint MakeNow(int index)
    {
        if (!MachineCode.IsOn)
            return None;
        nint kernel = (nint)ExecutableMemory.TryPlace(write(index, OperatingSystem.IsWindows()), out string? refusal);
        if (refusal is null && !isRight(index, kernel))
            refusal = $"kernel {index} of {name} gave other results than managed code";
        if (refusal is null)
            return kernel;
        if (refuse is null)
            MachineCode.Refuse(refusal);
        else
            refuse(refusal);
        return None;
    }
}
