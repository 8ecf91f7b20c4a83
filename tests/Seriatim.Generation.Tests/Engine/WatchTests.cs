namespace Seriatim.Generation.Tests;

/// <summary>Who watches an engine sees what it does, and changes nothing of it.</summary>
public sealed class WatchTests
{
    [Fact]
    public void What_is_told_of_a_busy_engine_adds_up_to_its_counters_and_changes_no_output()
    {
        using var model = new FakeModel(1);
        using var draft = new FakeModel(1, seed: 2);
        GenerationRequest[] requests = Mixture.Requests(60, seed: 11, model.VocabularySize, drafts: true);
        var options = new EngineOptions
        {
            Pages = 40,
            PageSize = 8,
            TokenBudget = 64,
            MaxSequences = 24,
            DraftModel = draft,
        };
        GenerationResult[] expected = Run(watched: false, out _);
        GenerationResult[] results = Run(watched: true, out List<EngineFrame> frames);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], results[i], $"request {i}");

        WatchedStep[] steps = [.. frames.SelectMany(frame => frame.Steps)];
        EngineStatistics end = frames[^1].Statistics;
        Assert.Equal(0, frames.Sum(frame => frame.StepsLeftOut));
        Assert.Equal(Enumerable.Range(1, (int)end.Steps).Select(n => (long)n), steps.Select(step => step.Number));
        Assert.Equal(end.Rows, steps.Sum(step => step.Rows.Sum(rows => (long)rows.Rows + rows.Drafts)));
        Assert.Equal(end.Preemptions, steps.Sum(step => (long)step.Preempted.Length));
        Assert.True(end.Preemptions > 0, "The pool is meant to be too small.");
        Assert.Contains(steps, step => step.Rows.Any(rows => rows.Kind == WatchedKind.Prompt)
            && step.Rows.Any(rows => rows.Kind == WatchedKind.Decode));

        // Of requests that were not cut short all drafts are counted on both sides.
        var told = steps.SelectMany(step => step.Rows).ToLookup(rows => rows.Request);
        Assert.Equal(results.Sum(result => (long)result.Usage.AcceptedTokens),
            told.SelectMany(rows => rows).Sum(rows => (long)rows.Accepted));
        Assert.True(results.Sum(result => result.Usage.AcceptedTokens) > 0);
        Assert.All(frames, frame => Assert.All(frame.Memories, CheckMap));
        Assert.Contains(frames, frame => frame.Memories[0].Cells.Contains('s'));
        Assert.Contains(frames, frame => frame.Prefixes!.Branches.Count > 1);
        Assert.All(frames, frame => Assert.Equal(frame.Prefixes!.Pages - frame.Prefixes.LeftOut,
            frame.Prefixes.Branches.Sum(branch => branch.Pages)));

        GenerationResult[] Run(bool watched, out List<EngineFrame> seen)
        {
            using var core = new EngineCore(model, options);
            EngineWatch watch = NewWatch(core);
            if (watched)
                core.Attach(watch);
            seen = [];
            var random = new Random(3);
            var handles = new GenerationHandle[requests.Length];
            for (int next = 0; next < requests.Length || !core.IsIdle;)
            {
                for (int left = random.Next(3); left > 0 && next < requests.Length; left--, next++)
                    handles[next] = core.Add(requests[next], next + 1);
                core.Step();
                if (watched && random.Next(4) == 0)
                    seen.Add(core.Frame(watch, prefixes: true));
            }

            seen.Add(core.Frame(watch, prefixes: true));
            core.Detach(watch);
            return [.. handles.Select(handle => handle.Result())];
        }
    }

    [Fact]
    public void Who_reads_seldom_is_told_how_much_was_left_out()
    {
        using var model = new FakeModel(1);
        using var core = new EngineCore(model, Runs.Roomy);
        EngineWatch watch = NewWatch(core);
        core.Attach(watch);
        core.Add(new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 700, Seed = 1 });
        core.Drain();
        EngineFrame frame = core.Frame(watch, prefixes: false);
        Assert.Equal(512, frame.Steps.Count);
        Assert.Equal(frame.Statistics.Steps - 512, frame.StepsLeftOut);
        Assert.Null(frame.Prefixes);
        frame = core.Frame(watch, prefixes: false);
        Assert.Empty(frame.Steps);
        Assert.Equal(0, frame.StepsLeftOut);
    }

    [Fact]
    public async Task An_engine_is_watched_by_so_many_and_does_nothing_for_those_who_left()
    {
        using var model = new FakeModel(1);
        await using var engine = new GenerationEngine(model, Runs.Roomy);
        var watches = new List<EngineWatch>();
        for (int i = 0; i < GenerationEngine.MostWatches; i++)
            watches.Add((await engine.WatchAsync())!);
        Assert.Null(await engine.WatchAsync());
        watches[0].Dispose();
        watches[0].Dispose();
        using EngineWatch again = (await engine.WatchAsync())!;
        Assert.NotNull(again);
        await engine.CompleteAsync(new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 5, Seed = 1 });
        EngineFrame frame = await again.ReadAsync(prefixes: true);
        Assert.NotEmpty(frame.Steps);
        Assert.Empty((await watches[0].ReadAsync(prefixes: true)).Steps);
        await engine.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => again.ReadAsync(prefixes: false));
        again.Dispose();
    }

    [Fact]
    public void The_map_has_a_letter_for_each_unit_or_for_as_many_as_fit()
    {
        using var model = new FakeModel(1);
        using var core = new EngineCore(model, new EngineOptions { Pages = 4096, PageSize = 1, PrefixCache = true });
        EngineWatch watch = NewWatch(core);
        core.Attach(watch);
        core.Add(new GenerationRequest
        {
            Prompt = Enumerable.Range(0, 1500).Select(i => i % 50).ToArray(),
            MaxNewTokens = 40,
            Seed = 1,
        },
            number: 13);
        while (core.Scheduler.Running is not [{ Live: [{ NewTokens: > 3 }] }])
            Assert.True(core.Step());
        MemoryMap map = core.Frame(watch, prefixes: false).Memories[0];
        Assert.InRange(map.Reached, 1500, 1600);
        Assert.Equal(3, map.PerCell);
        CheckMap(map);
        Assert.Equal('5', map.Cells[0]); // 13 is 5 more than 8
        core.Drain();
        map = core.Frame(watch, prefixes: false).Memories[0];
        Assert.Equal('c', map.Cells[0]);
        Assert.Equal(0, map.Gauge.Used);
    }

    /// <summary>
    /// Of a second with 50 steps of 64 sequences, and the page's four frames, watching takes at most 3 % of the engine's thread:
    /// by the best of several tries, so that a busy machine does not count.
    /// </summary>
    [Fact]
    public void Watching_takes_little_of_the_engines_time()
    {
        using var model = new FakeModel(1);
        using var core = new EngineCore(model, new EngineOptions { Pages = 20_000, PageSize = 16, MaxSequences = 64 });
        EngineWatch watch = NewWatch(core);
        for (int i = 0; i < 64; i++)
        {
            core.Add(new GenerationRequest
            {
                Prompt = Enumerable.Range(0, 1500).Select(at => (at * (i / 4 + 1)) % 50).ToArray(),
                MaxNewTokens = 400,
                Seed = (ulong)i,
            }, i + 1);
        }

        while (core.Scheduler.Waiting.Count > 0 || core.Scheduler.Running.Any(group => group.Live[0].Pending > 1))
            Assert.True(core.Step());
        StepPlan plan = core.Scheduler.Plan();
        Assert.Equal(64, plan.Segments.Count);
        double best = double.MaxValue;
        for (int round = 0; round < 40; round++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int frame = 0; frame < 4; frame++)
            {
                for (int step = 0; step < 13; step++)
                {
                    watch.Recorder.Begin(plan);
                    watch.Recorder.End(plan, step, start, default(EngineTimes));
                }

                Assert.Equal(64, core.Frame(watch, prefixes: frame == 0).Requests.Count);
            }

            best = Math.Min(best, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Assert.True(best < 30, $"Watching takes {best:F2} ms of a second.");
    }

    private static EngineWatch NewWatch(EngineCore core) => new(core.NewRecorder(), (_, _) => null!, _ => { });

    private static void CheckMap(MemoryMap map)
    {
        Assert.Equal((map.Reached + map.PerCell - 1) / map.PerCell, map.Cells.Length);
        Assert.True(map.Reached >= map.Gauge.Used + map.Gauge.Cached);
        if (map.PerCell > 1)
            return;
        Assert.Equal(map.Gauge.Shared, map.Cells.Count(cell => cell == 's'));
        Assert.Equal(map.Gauge.Used - map.Gauge.Shared, map.Cells.Count(char.IsAsciiDigit));
        Assert.Equal(map.Gauge.Cached, map.Cells.Count(cell => cell == 'c'));
    }
}
