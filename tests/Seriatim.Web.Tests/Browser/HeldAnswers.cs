using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Seriatim.Web.Tests;

/// <summary>
/// Answers of the server that wait until a test lets them go, so that what is to be seen while they run is seen however fast the
/// machine is. Disposing it lets all of them go.
/// </summary>
internal sealed class HeldAnswers(string path, Action<HeldAnswers> over) : IDisposable
{
    private readonly Channel<HeldAnswer> _come = Channel.CreateUnbounded<HeldAnswer>();
    private readonly List<HeldAnswer> _all = [];
    private bool _isOver;

    /// <summary>The next request of the path that has come.</summary>
    public async Task<HeldAnswer> NextAsync() =>
        await _come.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(Visitor.Patience));

    /// <summary>Whether a request is meant.</summary>
    public bool Takes(HttpRequest request) => request.Path == path;

    /// <summary>Holds the answer to a request.</summary>
    public HeldAnswer Take()
    {
        lock (_all)
        {
            var answer = new HeldAnswer();
            if (_isOver)
                answer.Open();
            _all.Add(answer);
            _come.Writer.TryWrite(answer);
            return answer;
        }
    }

    public void Dispose()
    {
        over(this);
        lock (_all)
        {
            _isOver = true;
            foreach (HeldAnswer answer in _all)
                answer.Open();
        }
    }
}
