using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>Texts beyond the 256 positions the shipped model was trained with.</summary>
public sealed class LongTextTests : IAsyncLifetime
{
    private LanguageModel _model = null!;

    public async Task InitializeAsync() => _model = await LanguageModel.OpenAsync(
        Path.Combine(Repository.Root, "models", "stories"), new LanguageModelOptions { Engine = new EngineOptions { Pages = 80 } });

    public Task DisposeAsync()
    {
        _model.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>
    /// 1200 tokens through a window of 128 and 4 sinks: the text must stay as probable to the model, which reads any 128 tokens of it afresh, as
    /// its first 256 are; without the moved positions it falls apart.
    /// </summary>
    [Fact]
    public async Task A_window_with_sinks_goes_on_where_the_context_ends()
    {
        GenerationRequest request = _model.Request("Once upon a time") with
        {
            MaxNewTokens = 1200,
            Window = new AttentionWindow(128, 4),
            Sampling = new SamplingOptions { Temperature = 0.8f, TopK = 40 },
            IgnoreEndIds = true,
            Seed = 5,
        };
        GenerationResult result = await _model.CompleteAsync(request);
        IReadOnlyList<int> ids = result.Choices[0].TokenIds;
        Assert.Equal(1200, ids.Count);
        Assert.True((await _model.Engine.GetStatisticsAsync()).PagesUsed == 0);
        double early = await MeanLogprobAsync([.. ids.Take(128)]);
        double late = 0;
        foreach (int first in (int[])[400, 700, 1000])
            late += await MeanLogprobAsync([.. ids.Skip(first).Take(128)]) / 3;
        Assert.True(late > early - 0.7, $"a token has {late:F2} on average beyond the context, {early:F2} within it");

        GenerationResult again = await _model.CompleteAsync(request with { Speculation = new SpeculationOptions { Always = true }, UsePrefixCache = false });
        Assert.Equal(ids, again.Choices[0].TokenIds);
    }

    [Fact]
    public async Task Rotary_positions_are_stretched_by_request()
    {
        GenerationRequest request = _model.Request("Once upon a time") with { MaxNewTokens = 500, Sampling = SamplingOptions.Greedy };
        await Assert.ThrowsAsync<PromptTooLongException>(() => _model.CompleteAsync(request));
        foreach (RopeScaling scaling in (RopeScaling[])[new RopeScaling.Linear(2), new RopeScaling.Ntk(2), new RopeScaling.DynamicNtk(1, 256),
            new RopeScaling.Yarn(2, 256, 32, 1, RopeScaling.Yarn.DefaultAttentionFactor(2))])
        {
            GenerationResult result = await _model.CompleteAsync(request with { Rope = new RopeChange(scaling), IgnoreEndIds = true });
            Assert.Equal(500, result.Choices[0].TokenIds.Count);
        }
    }

    private async Task<double> MeanLogprobAsync(int[] ids)
    {
        GenerationResult result = await _model.CompleteAsync(new GenerationRequest { Prompt = ids, MaxNewTokens = 0, PromptLogprobs = 0 });
        return result.PromptLogprobs!.Average(token => token.Chosen.Logprob);
    }
}
