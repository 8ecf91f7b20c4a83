namespace Seriatim.Generation;

/// <summary>
/// Who may compute: one at a time, in the order of asking, so that engines that share threads get a pass each in turn and never
/// more threads work than the team has. Who waits sleeps.
/// </summary>
internal sealed class Turns
{
    private readonly Lock _gate = new();
    private readonly Queue<ManualResetEventSlim> _waiting = [];
    private bool _taken;

    [ThreadStatic]
    private static ManualResetEventSlim? _own;

    /// <summary>Threads that wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Waits for the turn of this thread, which ends when the result is disposed. Not from within a turn.</summary>
    public Turn Take()
    {
        ManualResetEventSlim own;
        lock (_gate)
        {
            if (!_taken)
            {
                _taken = true;
                return new Turn(this);
            }

            // Without spinning: a thread that waits must not take a core from the one that computes.
            own = _own ??= new ManualResetEventSlim(false, spinCount: 0);
            own.Reset();
            _waiting.Enqueue(own);
        }

        own.Wait();
        return new Turn(this);
    }

    private void Pass()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out ManualResetEventSlim? next))
                next.Set();
            else
                _taken = false;
        }
    }

    /// <summary>A turn; disposing it passes it on.</summary>
    public readonly struct Turn(Turns turns) : IDisposable
    {
        public void Dispose() => turns.Pass();
    }
}
