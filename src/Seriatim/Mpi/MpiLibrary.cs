using System.Runtime.InteropServices;

namespace Seriatim;

/// <summary>
/// The eight calls of Open MPI that carry messages, found by name in the library when somebody is started under mpirun
/// (decision 043). A handle of Open MPI is the address of an object that the library exports.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    private const int Serialized = 2; // MPI_THREAD_SERIALIZED: one thread at a time, not always the same

    /// <summary>What the library is called.</summary>
    public static IReadOnlyList<string> Names { get; } = ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"];

    private readonly delegate* unmanaged<int*, byte***, int, int*, int> _initThread;
    private readonly delegate* unmanaged<nint, int*, int> _commRank, _commSize;
    private readonly delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> _isend, _irecv;
    private readonly delegate* unmanaged<nint*, int*, void*, int> _test;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly nint _world, _byte;

    private MpiLibrary(nint library, string name)
    {
        if (!NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _world)
            || !NativeLibrary.TryGetExport(library, "ompi_mpi_byte", out _byte))
        {
            throw new MpiException($"{name} is not Open MPI's library: its handles are other ones. Install Open MPI (Debian: "
                + "openmpi-bin) and start with its mpirun.");
        }

        _initThread = (delegate* unmanaged<int*, byte***, int, int*, int>)Call("MPI_Init_thread");
        _commRank = (delegate* unmanaged<nint, int*, int>)Call("MPI_Comm_rank");
        _commSize = (delegate* unmanaged<nint, int*, int>)Call("MPI_Comm_size");
        _isend = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)Call("MPI_Isend");
        _irecv = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)Call("MPI_Irecv");
        _test = (delegate* unmanaged<nint*, int*, void*, int>)Call("MPI_Test");
        _abort = (delegate* unmanaged<nint, int, int>)Call("MPI_Abort");
        _finalize = (delegate* unmanaged<int>)Call("MPI_Finalize");

        nint Call(string export) => NativeLibrary.TryGetExport(library, export, out nint address) ? address
            : throw new MpiException($"{name} has no {export}; install a whole Open MPI (Debian: openmpi-bin).");
    }

    /// <summary>This process's rank.</summary>
    public int Rank
    {
        get
        {
            int rank;
            Check(_commRank(_world, &rank), "MPI_Comm_rank");
            return rank;
        }
    }

    /// <summary>Number of processes.</summary>
    public int Size
    {
        get
        {
            int size;
            Check(_commSize(_world, &size), "MPI_Comm_size");
            return size;
        }
    }

    /// <summary>Loads the library and joins the processes that mpirun has started.</summary>
    /// <param name="names">What it may be called, as a rule <see cref="Names"/>.</param>
    /// <exception cref="MpiException">There is no library, it is another MPI's, or it cannot start.</exception>
    public static MpiLibrary Start(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, typeof(MpiLibrary).Assembly, DllImportSearchPath.SafeDirectories, out nint library))
                continue;
            var mpi = new MpiLibrary(library, name);
            int provided;
            Check(mpi._initThread(null, null, Serialized, &provided), "MPI_Init_thread");
            return provided >= Serialized ? mpi
                : throw new MpiException($"{name} is built without support for threads (it gives level {provided}, "
                    + $"{Serialized} is needed).");
        }

        throw new MpiException("The program was started under mpirun, and Open MPI's library was not found "
            + $"({string.Join(", ", names)}). Install it (Debian: openmpi-bin), or name its folder in LD_LIBRARY_PATH; without "
            + "mpirun the program needs no MPI.");
    }

    /// <summary>Begins to send; the bytes must stay where and as they are until <see cref="IsDone"/>.</summary>
    public nint Send(byte* bytes, int count, int to, int tag)
    {
        nint request;
        Check(_isend(bytes, count, _byte, to, tag, _world, &request), "MPI_Isend");
        return request;
    }

    /// <summary>Begins to receive into memory that must stay until <see cref="IsDone"/>.</summary>
    public nint Receive(byte* bytes, int count, int from, int tag)
    {
        nint request;
        Check(_irecv(bytes, count, _byte, from, tag, _world, &request), "MPI_Irecv");
        return request;
    }

    /// <summary>Whether a message has arrived, or left; all that is under way moves on meanwhile.</summary>
    public bool IsDone(ref nint request)
    {
        nint handle = request;
        int done;
        Check(_test(&handle, &done, null), "MPI_Test");
        request = handle;
        return done != 0;
    }

    /// <summary>Ends all processes.</summary>
    public void Abort(int code) => _ = _abort(_world, code);

    /// <summary>Leaves; all processes do it together.</summary>
    public void Finish() => Check(_finalize(), "MPI_Finalize");

    private static void Check(int code, string call)
    {
        // As a rule Open MPI ends the processes itself, with a message, before a call returns an error.
        if (code != 0)
            throw new MpiException($"{call} failed with code {code}.");
    }
}
