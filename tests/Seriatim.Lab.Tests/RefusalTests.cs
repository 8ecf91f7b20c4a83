using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Lab.Tests;

/// <summary>Models that an experiment is not for, and runs that are stopped.</summary>
public sealed class RefusalTests
{
    public static TheoryData<string, string> Unfit
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string name in (string[])
                ["parallel-serial", "recompute", "paging", "batching", "latency", "speculation", "quantisation", "unembedding"])
            {
                data.Add(name, "fill");
                data.Add(name, "zh-en");
            }

            data.Add("kv-memory", "fill");
            data.Add("beam", "fill");
            data.Add("beam", "stories-draft");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Unfit))]
    public async Task A_model_that_an_experiment_is_not_for_is_a_reason_to_skip(string name, string model)
    {
        LabResult result = await ExperimentTests.RunAsync(LabExperiments.Find(name)!, new LabOptions(LabSize.Tiny, model));
        Assert.Equal(Verdict.Skipped, result.Verdict);
        Assert.NotEmpty(result.Skipped!.English);
        Assert.NotEmpty(result.Skipped.Chinese);
        Assert.Equal(model, result.Model);
    }

    [Theory]
    [InlineData("parallel-serial")]
    [InlineData("recompute")]
    [InlineData("paging")]
    [InlineData("batching")]
    [InlineData("latency")]
    [InlineData("speculation")]
    [InlineData("unembedding")]
    public async Task An_experiment_runs_on_a_model_of_the_users(string name)
    {
        LabResult result = await ExperimentTests.RunAsync(LabExperiments.Find(name)!,
            new LabOptions(LabSize.Tiny, "stories-draft"));
        Assert.Null(result.Skipped);
        Assert.Equal("stories-draft", result.Model);
        Assert.DoesNotContain(Verdict.Unfinished, new[] { result.Verdict });
    }

    [Fact]
    public async Task A_quantised_model_is_no_measure_of_quantisation()
    {
        string folder = Directory.CreateTempSubdirectory("seriatim-lab-tests-").FullName;
        try
        {
            string file = Path.Combine(folder, "model.gguf");
            ModelConverter.ToGguf(await new ModelHub().ResolveAsync("stories-draft"), file, QuantizationMix.Parse("q8_0"));
            LabResult result = await ExperimentTests.RunAsync(LabExperiments.Find("quantisation")!,
                new LabOptions(LabSize.Tiny, file));
            Assert.Equal(Verdict.Skipped, result.Verdict);
            Assert.Contains("Q8_0", result.Skipped!.English, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("batching", "picture-ratio")]
    [InlineData("paging", "waste-longest")]
    public async Task What_was_measured_before_an_interruption_stays(string name, string figure)
    {
        using var stop = new CancellationTokenSource();
        LabResult result = await LabRunner.RunAsync(LabExperiments.Find(name)!, new LabOptions(LabSize.Tiny),
            new MachineSpeed(1e10, 1e11, 0), new ModelHub(), what =>
            {
                if (what.EndsWith("requests", StringComparison.Ordinal) || what == "sharing")
                    stop.Cancel();
            }, stop.Token);
        Assert.Equal(Verdict.Unfinished, result.Verdict);
        Assert.Contains(result.Figures, f => f.Key == figure);
    }
}
