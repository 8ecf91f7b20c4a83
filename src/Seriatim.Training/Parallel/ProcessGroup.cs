using System.Text;

namespace Seriatim.Training;

/// <summary>
/// The processes that train one model together. A trainer knows no more of them than this: its rank, their number, and messages
/// of bytes from one to another; all that they do together is made of those, so whoever can carry messages can be a group
/// (<c>MpiProcessGroup</c> of the package Seriatim does over Open MPI).
/// </summary>
/// <remarks>
/// Messages from one rank to another with one tag arrive in the order in which they were sent. What all ranks call together
/// (<see cref="Gather(ReadOnlySpan{byte})"/>, <see cref="Broadcast"/>, <see cref="Any"/>, <see cref="Barrier"/>) they call in one
/// order. Messages may be sent and waited for by several threads, if what belongs together is sent by one at a time; what all
/// ranks call together belongs to one thread of each.
/// </remarks>
public abstract class ProcessGroup : IDisposable
{
    /// <summary>One process by itself.</summary>
    public static ProcessGroup Alone { get; } = new LoneProcess();

    /// <summary>Which of the processes this is, from 0.</summary>
    public abstract int Rank { get; }

    /// <summary>Number of processes.</summary>
    public abstract int Size { get; }

    /// <summary>Where this process runs, for messages: as a rule the machine's name.</summary>
    public virtual string Place => Environment.MachineName;

    private long _sentBytes;

    /// <summary>Bytes that this process has sent to others so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Whether this is the process that speaks for all.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Sends a message on its way; the bytes may change when this has returned.</summary>
    /// <param name="to">Another rank.</param>
    /// <param name="tag">What it is, from 0; the receiver asks for the same.</param>
    /// <param name="message">The bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such other rank.</exception>
    public void Send(int to, int tag, ReadOnlySpan<byte> message)
    {
        CheckPeer(to);
        Interlocked.Add(ref _sentBytes, message.Length);
        Post(to, tag, message);
    }

    /// <summary>Begins to wait for a message: what comes early is taken in without further copies.</summary>
    /// <param name="from">Another rank.</param>
    /// <param name="tag">As it was sent with.</param>
    /// <param name="bytes">Its length, which the receiver knows.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such other rank.</exception>
    public IncomingMessage Receive(int from, int tag, int bytes)
    {
        CheckPeer(from);
        return Expect(from, tag, bytes);
    }

    /// <summary>Lets messages that are on their way move on; called now and then from long work.</summary>
    public abstract void Advance();

    /// <summary>Ends all processes of the group, this one included: somebody cannot go on, and the others would wait.</summary>
    /// <param name="exitCode">What the processes return.</param>
    public abstract void Abort(int exitCode);

    /// <summary>Gives everybody's bytes to everybody, by rank.</summary>
    /// <param name="mine">Those of this rank, of any length.</param>
    public byte[][] Gather(ReadOnlySpan<byte> mine)
    {
        for (int rank = 0; rank < Size; rank++)
        {
            if (rank != Rank)
                SendSized(rank, mine);
        }

        byte[][] all = new byte[Size][];
        for (int rank = 0; rank < Size; rank++)
            all[rank] = rank == Rank ? mine.ToArray() : ReceiveSized(rank);
        return all;
    }

    /// <summary>Gives the bytes of rank 0 to everybody.</summary>
    /// <param name="first">What rank 0 has; the others' is ignored.</param>
    public byte[] Broadcast(ReadOnlySpan<byte> first)
    {
        if (!IsFirst)
            return ReceiveSized(0);
        for (int rank = 1; rank < Size; rank++)
            SendSized(rank, first);
        return first.ToArray();
    }

    /// <summary>What rank 0 says, for everybody.</summary>
    /// <param name="first">Rank 0's word.</param>
    public bool Agree(bool first) => Size == 1 ? first : Broadcast([first ? (byte)1 : (byte)0])[0] != 0;

    /// <summary>Whether somebody says yes.</summary>
    /// <param name="mine">This rank's word.</param>
    public bool Any(bool mine) => Size == 1 ? mine : Gather([mine ? (byte)1 : (byte)0]).Any(one => one[0] != 0);

    /// <summary>Waits until everybody is here.</summary>
    public void Barrier() => Any(false);

    /// <summary>Everybody's texts, by rank.</summary>
    /// <param name="mine">This rank's.</param>
    public string[] Gather(string mine) => [.. Gather(Encoding.UTF8.GetBytes(mine)).Select(Encoding.UTF8.GetString)];

    /// <summary>Ends the group in good order, which all processes do together.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Name and number, e.g. <c>rank 2 of 4 (node-b)</c>.</summary>
    public override string ToString() => $"rank {Rank} of {Size} ({Place})";

    /// <summary>As <see cref="Send"/>, between ranks that exist.</summary>
    /// <param name="to">Another rank.</param>
    /// <param name="tag">What it is.</param>
    /// <param name="message">The bytes, which may change when this has returned.</param>
    protected abstract void Post(int to, int tag, ReadOnlySpan<byte> message);

    /// <summary>As <see cref="Receive"/>, between ranks that exist.</summary>
    /// <param name="from">Another rank.</param>
    /// <param name="tag">What it is.</param>
    /// <param name="bytes">Its length.</param>
    protected abstract IncomingMessage Expect(int from, int tag, int bytes);

    /// <summary>Ends the group in good order.</summary>
    /// <param name="disposing">Whether somebody disposes it.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    private void SendSized(int to, ReadOnlySpan<byte> message)
    {
        Send(to, MessageTags.Length, BitConverter.GetBytes(message.Length));
        Send(to, MessageTags.Collective, message);
    }

    private byte[] ReceiveSized(int from)
    {
        using IncomingMessage length = Receive(from, MessageTags.Length, sizeof(int));
        using IncomingMessage message = Receive(from, MessageTags.Collective, BitConverter.ToInt32(length.Wait()));
        return message.Wait().ToArray();
    }

    private void CheckPeer(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Size);
        ArgumentOutOfRangeException.ThrowIfEqual(rank, Rank);
    }
}
