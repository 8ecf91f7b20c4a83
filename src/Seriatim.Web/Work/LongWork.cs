using Seriatim.Web.Texts;

namespace Seriatim.Web.Work;

/// <summary>
/// What takes all cores for a long time: one such thing at a time, of all who look at the page, so that trainings do not fight
/// and measurements mean something.
/// </summary>
internal sealed class LongWork
{
    private readonly Lock _gate = new();
    private Text? _what;

    /// <summary>What is being done; null: nothing.</summary>
    public Text? What
    {
        get
        {
            lock (_gate)
                return _what;
        }
    }

    /// <summary>Begins something; dispose what comes back when it has ended.</summary>
    /// <exception cref="SaidException">Something is being done already.</exception>
    public IDisposable Begin(Text what)
    {
        lock (_gate)
        {
            if (_what is { } other)
                throw new SaidException(new Text($"{WorkTexts.Busy.English} {other.English}",
                    $"{WorkTexts.Busy.Chinese}{other.Chinese}"));
            _what = what;
            return new Place(this);
        }
    }

    private void End()
    {
        lock (_gate)
            _what = null;
    }

    private sealed class Place(LongWork work) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
                work.End();
        }
    }
}
