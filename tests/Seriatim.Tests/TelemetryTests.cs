using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
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
        string expected = (await plain.CompleteAsync("the cat", new() { MaxNewTokens = 20, Seed = 2 })).Choices[0].Text;
        Assert.Equal(expected, (await traced.CompleteAsync("the cat", new() { MaxNewTokens = 20, Seed = 2 })).Choices[0].Text);
        LatencySplit split = traced.Trace!.Read();
        Assert.InRange(split.Steps, 1, 21);
        Assert.All(new[] { split.Prepare, split.Attention, split.FeedForward, split.Norms, split.Projection, split.Sampling, split.Scheduling }, time => Assert.True(time > TimeSpan.Zero));
    }

    [Fact]
    public void Buckets_tell_milliseconds_apart()
    {
        var boundaries = new Dictionary<string, double[]>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } seconds } && instrument.Meter.Name == SeriatimTelemetry.Name)
                    boundaries.Add(instrument.Name, [.. seconds]);
                else if (instrument is Histogram<long> { Advice.HistogramBucketBoundaries: { } counts } && instrument.Meter.Name == SeriatimTelemetry.Name)
                    boundaries.Add(instrument.Name, [.. counts.Select(count => (double)count)]);
                else if (instrument.Meter.Name == SeriatimTelemetry.Name && instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal))
                    Assert.Fail($"{instrument.Name} has no boundaries.");
            },
        };
        meters.Start();
        _ = SeriatimTelemetry.Name.Length + SeriatimTelemetry.Meter.Name.Length;
        Assert.Equal(5, boundaries.Count);
        foreach ((string name, double[] edges) in boundaries)
        {
            Assert.Equal(edges.Order(), edges);
            Assert.True(name == "gen_ai.client.token.usage" || edges.Count(edge => edge is >= 0.001 and <= 0.1) >= 6, name);
        }
    }

    [Fact]
    public async Task What_UseOpenTelemetry_measures_is_not_measured_twice()
    {
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        var names = new ConcurrentBag<string>();
        using MeterListener meters = Listener(names);
        IChatClient client = model.AsChatClient();
        await client.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 3 });
        await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 3 }))
        {
        }

        await model.AsEmbeddingGenerator().GenerateAsync(["the cat"]);
        for (int i = 0; i < 500 && names.Count(name => name == "gen_ai.server.request.duration") < 3; i++)
            await Task.Delay(10);
        Assert.Equal(3, names.Count(name => name == "gen_ai.server.request.duration"));
        Assert.Equal(2, names.Count(name => name == "gen_ai.server.time_to_first_token"));
        Assert.DoesNotContain(names, name => name.StartsWith("gen_ai.client", StringComparison.Ordinal));

        // The library's own verbs have nobody else who measures them, also after an adapter was used.
        await model.CompleteAsync("the cat", new() { MaxNewTokens = 3 });
        for (int i = 0; i < 500 && !names.Contains("gen_ai.client.operation.duration"); i++)
            await Task.Delay(10);
        Assert.Single(names, name => name == "gen_ai.client.operation.duration");
    }

    [Fact]
    public async Task An_activity_that_tells_of_the_request_already_has_no_second_one_below_it()
    {
        var activities = new ConcurrentQueue<Activity>();
        using var source = new ActivitySource("The source of UseOpenTelemetry");
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        using (Activity outer = source.StartActivity("chat")!.SetTag("gen_ai.operation.name", "chat"))
            await model.AsChatClient().GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 2 });
        await model.AsChatClient().GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 2 });
        await Ended(activities, activity => activity.DisplayName == $"chat {_folder.Path}");
        Assert.Single(activities, activity => activity.DisplayName == $"chat {_folder.Path}");
    }

    /// <summary>With the real one around it, each number and each span comes once, whatever listens to both.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Under_UseOpenTelemetry_everything_is_told_once(bool streams)
    {
        const string Others = "What UseOpenTelemetry is called here";
        var names = new ConcurrentBag<string>();
        var activities = new ConcurrentQueue<Activity>();
        using MeterListener meters = Listener(names, Others);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Others or SeriatimTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        using IChatClient client = model.AsChatClient().AsBuilder().UseOpenTelemetry(sourceName: Others).Build();
        var options = new ChatOptions { MaxOutputTokens = 3 };
        if (streams)
            await client.GetStreamingResponseAsync("the cat", options).ToChatResponseAsync();
        else
            await client.GetResponseAsync("the cat", options);
        for (int i = 0; i < 500 && !names.Contains("gen_ai.server.request.duration"); i++)
            await Task.Delay(10);
        Assert.Single(names, name => name == "gen_ai.client.operation.duration");
        Assert.Equal(2, names.Count(name => name == "gen_ai.client.token.usage"));
        Assert.Single(names, name => name == "gen_ai.server.request.duration");
        Assert.Single(activities, activity => activity.GetTagItem("gen_ai.request.model") as string == _folder.Path);
    }

    [Fact]
    public async Task Counters_add_up_what_requests_took()
    {
        var values = new ConcurrentDictionary<string, long>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == SeriatimTelemetry.Name && instrument.IsObservable)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (tags.ToArray().Any(tag => tag.Value as string == _folder.Path))
            {
                object? type = tags.ToArray().FirstOrDefault(tag => tag.Key == "gen_ai.token.type").Value;
                values[$"{instrument.Name} {type}".Trim()] = value;
            }
        });
        meters.Start();
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        GenerationRequest request = model.Request(string.Concat(Enumerable.Repeat("the cat ", 20))) with
        {
            MaxNewTokens = 4,
            IgnoreEndIds = true,
        };
        GenerationUsage first = (await model.CompleteAsync(request)).Usage, second = (await model.CompleteAsync(request)).Usage;
        await WaitForAsync(() =>
        {
            meters.RecordObservableInstruments();
            return values.GetValueOrDefault("seriatim.tokens output") == 8;
        });
        Assert.Equal(first.PromptTokens + second.PromptTokens, values["seriatim.tokens input"]);
        Assert.Equal(second.CachedTokens, values["seriatim.tokens cached"]);
        Assert.Equal((1, 0), (values["seriatim.prefix.hits"], values["seriatim.preemptions"]));
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (int i = 0; i < 500 && !condition(); i++)
            await Task.Delay(10);
    }

    [Fact]
    public async Task Gauges_show_what_runs_and_waits_and_how_many_pages_are_held()
    {
        var values = new ConcurrentDictionary<string, int>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == SeriatimTelemetry.Name)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
        {
            if (tags.ToArray().Any(tag => tag.Value as string == _folder.Path))
                values[instrument.Name] = value;
        });
        meters.Start();
        var options = new LanguageModelOptions { Threads = 1, Engine = new EngineOptions { Pages = 64, MaxSequences = 1 } };
        using (LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, options))
        {
            GenerationRequest endless = model.Request("the") with { Window = new(64, 4), MaxNewTokens = 10_000_000, IgnoreEndIds = true };
            GenerationHandle[] handles = [model.Submit(endless), model.Submit(endless), model.Submit(endless)];
            while ((await model.Engine.GetStatisticsAsync()).Running == 0)
                await Task.Delay(1);
            meters.RecordObservableInstruments();
            Assert.Equal((1, 2, 64), (values["seriatim.requests.running"], values["seriatim.requests.waiting"], values["seriatim.pages.limit"]));
            Assert.InRange(values["seriatim.pages.used"], 1, 64);
            Assert.InRange(values["seriatim.pages.cached"], 0, values["seriatim.pages.used"]);
            foreach (GenerationHandle handle in handles)
                handle.Cancel();
        }

        values.Clear();
        meters.RecordObservableInstruments();
        Assert.Empty(values);
    }

    /// <summary>Names of the instruments that measure something of this test's model.</summary>
    private MeterListener Listener(ConcurrentBag<string> names, params string[] more)
    {
        var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == SeriatimTelemetry.Name || more.Contains(instrument.Meter.Name))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.ToArray().Any(tag => tag.Value as string == _folder.Path))
                names.Add(instrument.Name);
        }

        meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        meters.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Note(instrument, tags));
        meters.Start();
        return meters;
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
