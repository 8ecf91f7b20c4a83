namespace Seriatim.Training.Tests;

/// <summary>Whatever of Models and Training is disposed a second time, or by several threads at once, does nothing then.</summary>
public sealed class DisposeTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Model _model = TinyModel.Gpt();

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void ASecondTimeNothingHappens()
    {
        var seen = new List<Type>();
        foreach (Func<IDisposable> make in Makers())
        {
            IDisposable made = make();
            seen.Add(made.GetType());
            made.Dispose();
            made.Dispose();
            if (made is SequenceMemory or MemoryMark)
                continue; // belong to one thread
            for (int round = 0; round < 3; round++)
            {
                IDisposable shared = make();
                using var start = new Barrier(4);
                Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
                {
                    start.SignalAndWait();
                    shared.Dispose();
                }))];
                foreach (Thread thread in threads)
                    thread.Start();
                foreach (Thread thread in threads)
                    thread.Join();
            }
        }

        foreach (Type type in new[] { typeof(Model).Assembly, typeof(Trainer).Assembly }.SelectMany(a => a.GetExportedTypes())
            .Where(typeof(IDisposable).IsAssignableFrom))
            Assert.True(seen.Any(type.IsAssignableFrom), $"{type} is disposed by no case.");
    }

    [Fact]
    public void AClosedCacheSaysSo()
    {
        TokenCache cache = Cache();
        cache.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.Source(0).Length);
    }

    private IEnumerable<Func<IDisposable>> Makers()
    {
        MemoryPools pools = _model.NewMemoryPools(16, 4);
        yield return () => new BatchStatistics();
        yield return () => ProcessGroup.Alone;
        yield return ThreadGroup.NewMessage;
        yield return () => TinyModel.Gpt();
        yield return () => _model.NewMemoryPools(16, 4);
        yield return () => new StageRows(Tensor.Zeros(2, 4), Tensor.Zeros(2, 8));
        yield return () => new PagePool(new KeyValuePool(1, 1, 4, 16, 4));
        yield return () => new CrossPagePool(new KeyValuePool(1, 1, 4, 16, 4));
        yield return () => new StatePool(new StateStorage([4], 4), 16);
        yield return () => new TokenPool(4, 16);
        yield return () => pools.NewMemory();
        yield return () => pools.NewMemory().Mark();
        yield return Cache;
        yield return () => Optimizer();
        yield return () => new Adafactor(new ParameterSelection().Select(_model));
        yield return () => new Lion(new ParameterSelection().Select(_model));
        yield return () => Optimizer().Moments[0];
        yield return () => new WeightAverage(Optimizer().Parameters, 0.5);
        yield return () => new MetricsLog(_folder[$"log-{Guid.NewGuid()}.jsonl"], 0);
        yield return () =>
        {
            var run = new TinyRun();
            run.Recipe["max_steps"] = 1;
            return run.Trainer();
        };
    }

    private AdamW Optimizer() => new(new ParameterSelection().Select(_model), new AdamWOptions());

    private TokenCache Cache() => TokenCacheBuilder.OpenOrBuild(
        _folder["cache"], new DataFile(_folder.Write("a.txt", "the cat sat on the mat.\n"), DataFormat.Text), Letters.Tokenizer, Letters.Json,
        new ExampleEncoding(AddSpecialTokens: false), new BadLines(0));
}
