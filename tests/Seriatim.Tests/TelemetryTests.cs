using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>Activities and measurements under the OpenTelemetry names, and the split of a token's time.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public TelemetryTests() => TinyModels.WriteLlama(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_request_is_an_activity_and_its_measurements()
    {
        var activities = new ConcurrentQueue<Activity>();
        var values = new ConcurrentDictionary<string, double>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SeriatimTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == SeriatimTelemetry.Name)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        bool IsOurs(ReadOnlySpan<KeyValuePair<string, object?>> tags) => tags.ToArray().Any(tag => tag.Value as string == _folder.Path);
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _ = IsOurs(tags) && values.TryAdd(instrument.Name, value));
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            _ = IsOurs(tags) && values.TryAdd($"{instrument.Name} {tags.ToArray().First(tag => tag.Key == "gen_ai.token.type").Value}", value));
        meters.Start();
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        GenerationRequest request = model.Request("the cat") with { MaxNewTokens = 7, IgnoreEndIds = true };
        await model.CompleteAsync(request);
        Assert.Null(Activity.Current);
        Activity activity = await Ended(activities, a => a.DisplayName == $"text_completion {_folder.Path}");
        Assert.Equal("seriatim", activity.GetTagItem("gen_ai.provider.name"));
        Assert.Equal(7, activity.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal(request.Prompt.Length, activity.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(["length"], (string[])activity.GetTagItem("gen_ai.response.finish_reasons")!);
        Assert.Equal(7, values["gen_ai.client.token.usage output"]);
        Assert.Equal(request.Prompt.Length, values["gen_ai.client.token.usage input"]);
        foreach (string name in new[] { "gen_ai.client.operation.duration", "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token" })
            Assert.True(values[name] > 0, name);
        Assert.Throws<InvalidOptionException>(() => model.Submit(request with { Sampling = new SamplingOptions { Temperature = float.NaN } }));
        Activity failed = await Ended(activities, a => a.Status == ActivityStatusCode.Error && a.GetTagItem("gen_ai.request.model") as string == _folder.Path);
        Assert.Equal(typeof(InvalidOptionException).FullName, failed.GetTagItem("error.type"));
    }

    [Theory]
    [InlineData("fill_mask")]
    [InlineData("text_classification")]
    public async Task Reading_a_text_is_an_activity_too(string operation)
    {
        var activities = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == SeriatimTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var folder = new TempFolder();
        if (operation == "fill_mask")
            TinyModels.WriteBert(folder.Path, "BertForMaskedLM");
        else
            TinyModels.WriteBert(folder.Path, "BertForSequenceClassification");
        using TextEncoder encoder = await TextEncoder.OpenAsync(folder.Path, new LanguageModelOptions { Threads = 1 });
        if (operation == "fill_mask")
            await encoder.FillAsync("the [MASK] sat");
        else
            await encoder.ClassifyAsync("the cat sat");
        Activity activity = await Ended(activities, a => a.DisplayName == $"{operation} {folder.Path}");
        Assert.Equal(encoder.Tokenizer.Encode("the cat sat").Length, activity.GetTagItem("gen_ai.usage.input_tokens"));
    }

    [Fact]
    public async Task A_trace_splits_the_time_and_changes_no_text()
    {
        var options = new LanguageModelOptions { Threads = 1 };
        using LanguageModel plain = await LanguageModel.OpenAsync(_folder.Path, options);
        using LanguageModel traced = await LanguageModel.OpenAsync(_folder.Path, options with { Trace = true });
        Assert.Null(plain.Trace);
        string expected = (await plain.CompleteAsync("the cat", maxNewTokens: 20, seed: 2)).Choices[0].Text;
        Assert.Equal(expected, (await traced.CompleteAsync("the cat", maxNewTokens: 20, seed: 2)).Choices[0].Text);
        LatencySplit split = traced.Trace!.Read();
        Assert.InRange(split.Steps, 1, 21);
        Assert.All(new[] { split.Prepare, split.Attention, split.FeedForward, split.Norms, split.Projection, split.Sampling, split.Scheduling }, time => Assert.True(time > TimeSpan.Zero));
    }

    /// <summary>The activity ends with the request, on another thread than its result.</summary>
    private static async Task<Activity> Ended(ConcurrentQueue<Activity> activities, Func<Activity, bool> wanted)
    {
        for (int i = 0; i < 500; i++)
        {
            if (activities.FirstOrDefault(wanted) is { } found)
                return found;
            await Task.Delay(10);
        }

        throw new TimeoutException("The activity did not end.");
    }
}
