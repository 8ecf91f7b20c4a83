namespace Seriatim.Training.Tests;

/// <summary>A group whose ranks are threads of the test: messages wait in queues.</summary>
internal sealed class ThreadGroup : ProcessGroup
{
    private readonly Mail _mail;

    private ThreadGroup(Mail mail, int rank, int size) => (_mail, Rank, Size) = (mail, rank, size);

    public override int Rank { get; }

    public override int Size { get; }

    public override string Place => $"thread-{Rank}";

    /// <summary>Runs something on every rank.</summary>
    /// <param name="size">How many.</param>
    /// <param name="rank">What each does. The others hear of one that throws when they wait for it.</param>
    /// <returns>What each has thrown.</returns>
    public static Exception?[] Run(int size, Action<ProcessGroup> rank)
    {
        var mail = new Mail();
        var failures = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(i => new Thread(() =>
        {
            try
            {
                rank(new ThreadGroup(mail, i, size));
            }
            catch (Exception error)
            {
                failures[i] = error;
                mail.End(i);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return failures;
    }

    /// <summary>A message that nobody sends.</summary>
    public static IncomingMessage NewMessage() => new Letter(new Mail(), default, 0);

    public override void Advance()
    {
    }

    public override void Abort(int exitCode) => _mail.End(Rank);

    protected override void Post(int to, int tag, ReadOnlySpan<byte> message) => _mail.Put((Rank, to, tag), message.ToArray());

    protected override IncomingMessage Expect(int from, int tag, int bytes) => new Letter(_mail, (from, Rank, tag), bytes);

    private sealed class Letter(Mail mail, (int From, int To, int Tag) address, int bytes) : IncomingMessage
    {
        private byte[]? _here;

        public override bool IsHere => _here is not null || mail.Has(address);

        public override ReadOnlySpan<byte> Wait(CancellationToken cancellationToken)
        {
            _here ??= mail.Take(address, cancellationToken);
            return _here;
        }

        public override ReadOnlySpan<byte> Wait()
        {
            _here ??= mail.Take(address, CancellationToken.None);
            Assert.Equal(bytes, _here.Length);
            return _here;
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    /// <summary>Messages by sender, receiver and tag; receivers take them in the order in which they were sent.</summary>
    private sealed class Mail
    {
        private readonly Dictionary<(int, int, int), Queue<byte[]>> _waiting = [];
        private readonly HashSet<int> _gone = [];

        public void Put((int, int, int) address, byte[] message)
        {
            lock (_waiting)
            {
                if (!_waiting.TryGetValue(address, out Queue<byte[]>? queue))
                    _waiting.Add(address, queue = new Queue<byte[]>());
                queue.Enqueue(message);
                Monitor.PulseAll(_waiting);
            }
        }

        /// <summary>Whether nobody need wait for it: it is here, or never will be.</summary>
        public bool Has((int From, int To, int Tag) address)
        {
            lock (_waiting)
            {
                return (_waiting.TryGetValue(address, out Queue<byte[]>? queue) && queue.Count > 0)
                    || _gone.Contains(address.From);
            }
        }

        public byte[] Take((int From, int To, int Tag) address, CancellationToken cancellationToken)
        {
            using CancellationTokenRegistration ended = cancellationToken.UnsafeRegister(_ => Wake(), null);
            lock (_waiting)
            {
                while (true)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (_waiting.TryGetValue(address, out Queue<byte[]>? queue) && queue.TryDequeue(out byte[]? message))
                        return message;
                    if (_gone.Contains(address.From))
                        throw new RankGoneException();
                    Monitor.Wait(_waiting);
                }
            }
        }

        private void Wake()
        {
            lock (_waiting)
                Monitor.PulseAll(_waiting);
        }

        public void End(int rank)
        {
            lock (_waiting)
            {
                _gone.Add(rank);
                Monitor.PulseAll(_waiting);
            }
        }
    }
}

/// <summary>Another rank has ended: what mpirun does to those that are left.</summary>
internal sealed class RankGoneException() : Exception("Another rank has ended.");
