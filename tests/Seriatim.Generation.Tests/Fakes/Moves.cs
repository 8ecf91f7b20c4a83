namespace Seriatim.Generation.Tests;

/// <summary>Requests that come in, run, and move between engines at random steps, saved on the way.</summary>
internal sealed class Moves(EngineCore[] engines, GenerationRequest[] requests, Random random, bool bytes)
{
    private readonly GenerationHandle?[] _handles = new GenerationHandle[requests.Length];
    private readonly int[] _engines = new int[requests.Length];
    private readonly int[] _moves = new int[requests.Length];
    private readonly List<int>[] _streamed = [.. requests.Select(_ => new List<int>())];
    private readonly GenerationResult?[] _results = new GenerationResult[requests.Length];
    private long _number;

    public int Total => _moves.Sum();

    public int Count(int request) => _moves[request];

    public IEnumerable<int> Streamed(int request) => _streamed[request];

    public async Task<GenerationResult[]> RunAsync()
    {
        int next = 0;
        var leaving = new List<(int Request, Task<RequestState> State)>();
        while (next < requests.Length || engines.Any(engine => !engine.IsIdle))
        {
            for (int left = random.Next(3); left > 0 && next < requests.Length; left--, next++)
                _handles[next] = engines[_engines[next] = random.Next(engines.Length)].Add(requests[next], ++_number);
            for (int i = 0; i < next; i++)
            {
                if (_results[i] is null && random.Next(30) == 0)
                    leaving.Add((i, _handles[i]!.ExportAsync()));
            }

            foreach (EngineCore engine in engines)
            {
                engine.Step();
                Assert.Null(engine.LastFailure);
            }

            foreach ((int request, Task<RequestState> state) in leaving)
                await MoveAsync(request, state);
            leaving.Clear();
            for (int i = 0; i < next; i++)
            {
                if (_results[i] is null && _handles[i]!.Completion is { IsCompletedSuccessfully: true } done)
                {
                    _results[i] = done.Result;
                    await ReadAsync(i);
                }
            }
        }

        return _results!;
    }

    private async Task MoveAsync(int request, Task<RequestState> leaving)
    {
        if (!leaving.IsCompletedSuccessfully)
            return;
        await ReadAsync(request);
        RequestState state = bytes
            ? RequestState.FromBytes(leaving.Result.ToBytes())
            : RequestState.FromJson(leaving.Result.ToJson());
        _engines[request] = (_engines[request] + 1) % engines.Length;
        _handles[request] = engines[_engines[request]].Add(state, ++_number);
        _moves[request]++;
    }

    /// <summary>What went out before it left; of more than one choice only all together.</summary>
    private async Task ReadAsync(int request)
    {
        if (requests[request].Count > 1)
        {
            _streamed[request].Clear();
            if (_results[request] is { } result)
                _streamed[request].AddRange(result.Choices.SelectMany(choice => choice.TokenIds));
            return;
        }

        await foreach (GenerationUpdate update in _handles[request]!)
        {
            if (update.TokenId is { } token)
                _streamed[request].Add(token);
        }
    }
}
