using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Lab.Tests;

/// <summary>What the lab counts, against counts that come from elsewhere: ops, tensors, the engine's own statistics.</summary>
public sealed class CountTests : IDisposable
{
    private const int PageSize = 16;
    private readonly Model _model = RandomModels.Llama(64, 2, 512, 96);
    private readonly EmbedCounter _embeds = new();
    private readonly IDifferentiableOps _ops;
    private readonly WatchedModel _watched;
    private readonly CountedModel _counted;

    public CountTests()
    {
        _ops = new ObservedOps(CpuOps.Create(2), _embeds);
        _watched = new WatchedModel(new LoadedModel(_model, _ops));
        _counted = new CountedModel(_watched);
    }

    [Theory]
    [InlineData(false, 20, 210, 20)]
    [InlineData(true, 20, 20, 20)]
    public void Rows_and_passes_with_and_without_a_cache_are_those_that_ran(bool cached, int length, int rows, int passes)
    {
        using MemoryPools? pools = cached ? _counted.NewMemoryPools(PageSize, 8, 4, KeyValueType.F32) : null;
        RecomputeExperiment.Generate(_counted, 1, length, pools);
        Assert.Equal(rows, _counted.Rows);
        Assert.Equal(_watched.HiddenRows, _counted.Rows);
        Assert.Equal(passes, _counted.Passes.Count);
        Assert.Equal(_embeds.Calls, _counted.Passes.Count);
    }

    [Fact]
    public void Reading_is_one_pass_and_decoding_one_for_each_token()
    {
        using MemoryPools pools = _counted.NewMemoryPools(PageSize, 64, 4, KeyValueType.F32);
        int[] ids = [.. Enumerable.Range(1, 30)];
        ParallelSerialExperiment.Read(_counted, pools, ids);
        Assert.Equal((1, 30), (_embeds.Calls, _watched.HiddenRows));
        ParallelSerialExperiment.Decode(_counted, pools, ids, 3);
        Assert.Equal((31, 30 + 90), (_embeds.Calls, _watched.HiddenRows));
        Assert.Equal((31, 120), (_counted.Passes.Count, _counted.Rows));
        Assert.Equal(pools[0].Units, pools[0].Free);
    }

    [Theory]
    [InlineData(true, 20 + 19 + 4 * 23, 24)]
    [InlineData(false, 8 + 20 + 10 + 24 + 7 - 4, 24)]
    public void A_static_batch_runs_the_rows_of_the_picture(bool isPadded, int rows, int passes)
    {
        // Prompts of 1, 2, 3 and 2 ids; padded to 3. Rows of the first pass: 12 padded, 8 without.
        using MemoryPools pools = _counted.NewMemoryPools(PageSize, 16, 16, KeyValueType.F32);
        BatchingExperiment.Asked[] trace = [new([1], 20), new([1, 2], 10), new([1, 2, 3], 24), new([1, 2], 7)];
        BatchingExperiment.Served served = BatchingExperiment.Static(_counted, pools, trace, isPadded);
        Assert.Equal(isPadded ? 12 + 4 * 23 : rows, _watched.HiddenRows);
        Assert.Equal(_watched.HiddenRows, served.Passes.Sum(pass => pass.AllRows));
        Assert.Equal(passes, _embeds.Calls);
        Assert.Equal([1, 1, 1, 1], served.FirstPasses);
    }

    [Fact]
    public async Task The_passes_of_a_trace_are_the_steps_and_rows_of_the_engine()
    {
        using LabRun run = NewRun();
        using var engine = new GenerationEngine(_counted, new EngineOptions
        {
            PageSize = PageSize,
            Pages = 64,
            MaxSequences = 4,
            PrefixCache = false,
            StepTime = Timeout.InfiniteTimeSpan,
        });
        BatchingExperiment.Asked[] trace =
            [.. Enumerable.Range(0, 9).Select(i => new BatchingExperiment.Asked([.. Enumerable.Range(1, 3 + i)], 2 + i * 5 % 7))];
        BatchingExperiment.Served served = await BatchingExperiment.ContinuousAsync(run, _counted, engine, trace);
        EngineStatistics statistics = await engine.GetStatisticsAsync();

        // The request that held the door until the queue was full is in the engine's figures: one step, its prompt's three rows.
        Assert.Equal(statistics.Steps - 1, served.Passes.Length);
        Assert.Equal(statistics.Rows - 3, served.Passes.Sum(pass => (long)pass.AllRows));
        Assert.Equal(trace.Sum(asked => asked.Prompt.Length + asked.Answer - 1), served.Passes.Sum(pass => pass.AllRows));
        Assert.Equal(trace.Length, served.FirstPasses.Length);
        Assert.All(served.Passes, pass => Assert.InRange(pass.Rows.Length, 1, 4));
        Assert.Equal(_embeds.Calls, statistics.Steps);
    }

    [Theory]
    [InlineData(4, 26 + 1 + 16)]
    [InlineData(16, 7 + 1 + 4)]
    [InlineData(64, 2 + 1 + 1)]
    public void Pages_of_sequences_are_whole_pages_and_their_bytes_those_of_keys_and_values(int pageSize, int pages)
    {
        Assert.Equal(pages, PagingExperiment.PagesOf(_model, [102, 3, 64], pageSize));
        using MemoryPools pools = _model.NewMemoryPools(pageSize, 4, type: KeyValueType.F16);
        Assert.Equal(2L * 2 * 64 * 2 * pageSize, pools[0].UnitBytes); // keys and values, layers, width, bytes of a number
    }

    [Fact]
    public async Task Most_pages_of_a_run_are_those_that_the_engine_sees_in_use()
    {
        using var engine = new GenerationEngine(_counted,
            new EngineOptions { PageSize = PageSize, Pages = 64, PrefixCache = false });
        int most = 0;
        _watched.Before = () => most = Math.Max(most, engine.Load.PagesInUse);
        await engine.CompleteAsync(new GenerationRequest
        {
            Prompt = Enumerable.Range(1, 36).ToArray(),
            MaxNewTokens = 24,
            EndIds = [],
            Count = 4,
            Seed = 1,
        });
        Assert.Equal(2 + 4 * 2, most); // two full pages of the prompt are shared; 59 positions are four pages
        Assert.Equal(most, _counted.MostUnits);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Drafts_read_off_the_passes_are_those_of_the_engines_usage(float temperature)
    {
        using var engine = new GenerationEngine(_counted,
            new EngineOptions { PageSize = PageSize, Pages = 64, PrefixCache = false });
        GenerationResult result = await engine.CompleteAsync(new GenerationRequest
        {
            Prompt = new[] { 5, 6, 7, 8, 5, 6, 7, 8, 5, 6 },
            MaxNewTokens = 40,
            EndIds = [],
            Seed = 3,
            Sampling = new SamplingOptions { Temperature = temperature },
            Speculation = new SpeculationOptions { MaxTokens = 4, Always = true },
        });
        var counts = new DraftCounts();
        counts.Add(_counted.Passes, result.Choices[0].TokenIds.Count);
        Assert.True(result.Usage.DraftTokens > 0);
        Assert.Equal(result.Usage.DraftTokens, counts.Drafted);
        Assert.Equal(result.Usage.AcceptedTokens, counts.Accepted);
        Assert.Equal(_embeds.Calls - 1, counts.Passes);
        Assert.Equal(result.Choices[0].TokenIds.Count, 1 + counts.Passes + counts.Accepted);
    }

    [Fact]
    public void Work_of_a_row_is_the_sum_of_its_matrices()
    {
        ModelWork work = ModelWork.Of(_model);
        const double Layer = 4 * 64 * 64 + 3 * 64 * 160;
        Assert.Equal(2 * Layer, work.WithoutHead);
        Assert.Equal(2 * Layer + 96 * 64, work.MultiplyAdds);
        Assert.Equal(2 * 2 * 64 * 10, work.Attention(10));
    }

    [Fact]
    public void Divergence_of_known_distributions_is_known()
    {
        double[] half = Distribution.LogOf([0, 0]), quarter = Distribution.LogOf([0, MathF.Log(3)]);
        Assert.Equal(Math.Log(2), Distribution.Entropy(half), 12);
        Assert.Equal(0, Distribution.Divergence(half, half));
        Assert.Equal(0.5 * Math.Log(2) + 0.5 * Math.Log(2.0 / 3), Distribution.Divergence(half, quarter), 6);
        Assert.Equal(Math.Log(2), Distribution.Divergence(Distribution.LogOf([0, float.NegativeInfinity]), half), 12);
    }

    public void Dispose()
    {
        _ops.Dispose();
        _model.Dispose();
    }

    private static LabRun NewRun() => new(
        new LabOptions(LabSize.Tiny), new MachineSpeed(1e10, 1e11, 0), new ModelHub(), _ => { }, CancellationToken.None);

    /// <summary>Passes as the ops see them: each begins with the rows of its embedding.</summary>
    private sealed class EmbedCounter : IOpObserver
    {
        public int Calls { get; private set; }

        public void Called(string name, OpPart part, long ticks) => Calls += name == "Embed" ? 1 : 0;
    }

    /// <summary>Rows as the tensors that come back have them.</summary>
    private sealed class WatchedModel(IGenerationModel inner) : DelegatingModel(inner)
    {
        public int HiddenRows { get; private set; }

        public Action Before { get; set; } = () => { };

        public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
        {
            Before();
            Tensor hidden = base.Forward(batch, encoded);
            HiddenRows += hidden.Rows;
            return hidden;
        }
    }
}
