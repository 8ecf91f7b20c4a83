using System.Text.RegularExpressions;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim.Lab.Tests;

/// <summary>The report as a page.</summary>
public sealed class PageTests
{
    private static readonly MachineSpeed Limits = new(2e10, 1e11, 0);

    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void A_page_says_what_happened_to_every_claim(string code)
    {
        LabLanguage language = code == "zh" ? LabLanguage.Chinese : LabLanguage.English;
        Experiment experiment = LabExperiments.Find("kv-memory")!;
        Figure[] right = [.. experiment.Rule.Select(e => new Figure(e.Figure, e.Low, "x", "<b>words</b>", Timed: true))];
        Figure[] wrong = [.. right.Select((figure, i) => i == 0 ? figure with { Value = 7 } : figure)];
        string page = LabPage.Make(Report(
            Result(Verdict.Holds, right), Result(Verdict.DoesNotHold, wrong), Result(Verdict.Unfinished, right[..1]),
            Result(Verdict.Skipped, []) with { Skipped = new("no <room>", "没有<空间>") }), language);
        foreach (Verdict verdict in new[] { Verdict.Holds, Verdict.DoesNotHold, Verdict.Unfinished, Verdict.Skipped })
            Assert.Equal(2, Regex.Count(page, $"class=\"badge v{(int)verdict}\">{LabWords.Of(verdict).In(language)}</span>"));
        Assert.Contains(LabWords.Interrupted.In(language), page);
        Assert.Contains(LabWords.NoFigure.In(language), page);
        Assert.Contains(language == LabLanguage.Chinese ? "没有&lt;空间&gt;" : "no &lt;room&gt;", page);
        Assert.Contains("&lt;b&gt;words&lt;/b&gt; *", page);
        Assert.DoesNotContain("<b>words", page);
        Assert.Contains("20.0 GB/s", page);
        Assert.Equal(ReportPage.HasCharts ? 3 : 0, Regex.Count(page, "class=\"chart-data\">\\{"));
    }

    [Fact]
    public void Every_word_is_there_in_both_languages() => Assert.All(LabExperiments.All, experiment =>
    {
        Assert.All([experiment.Title, experiment.Claim, .. experiment.Rule.Select(e => e.Words)], words =>
        {
            Assert.NotEmpty(words.English);
            Assert.True(words.Chinese.Any(letter => letter is >= '\u4e00' and <= '\u9fff'),
                $"{experiment.Name}: {words.Chinese}");
            Assert.DoesNotContain(words.English, letter => letter is >= '\u4e00' and <= '\u9fff');
        });
        Assert.Matches("(19|20)[0-9][0-9]", experiment.Source);
        Assert.NotEmpty(experiment.Formula);
    });

    [Fact]
    public async Task A_defect_of_one_experiment_costs_no_other_result()
    {
        var limits = new LabListener(_ => { }, (_, _) => { }, (_, _) => { });
        LabReport report = await LabRunner.RunAsync([new Broken(), LabExperiments.Find("kv-memory")!], new LabOptions(LabSize.Tiny),
            new ModelHub(), new LabSurroundings("1", "cpu", 512), limits, CancellationToken.None);
        Assert.Equal([Verdict.Failed, Verdict.Holds], report.Results.Select(result => result.Verdict));
        Assert.Contains("it broke", report.Results[0].Skipped!.English);
        Assert.Single(report.Results[0].Figures);
    }

    private static LabReport Report(params LabResult[] results) => new("0.1+abc", DateTimeOffset.UnixEpoch,
        new LabMachine("a <cpu>", 2, 2, 512, 1L << 34, ".NET", Limits), LabSize.Quick, 1, null, Interrupted: true, results);

    private static LabResult Result(Verdict verdict, IReadOnlyList<Figure> figures) => new("kv-memory", verdict, figures, [],
        new LabPlot("t", "x", "y", [new PlotSeries("s", [1, 2], [1, double.NaN])]), [], null, null, 1);

    private sealed class Broken : Experiment
    {
        public override string Name => "broken";

        public override LabText Title => "t";

        public override LabText Claim => "c";

        public override string Source => "s";

        public override string Formula => "f";

        public override IReadOnlyList<Expectation> Rule => [Expectation.Exactly("one", "one", 1)];

        public override Task RunAsync(LabRun run)
        {
            run.Count("one", 1, "", "one");
            throw new InvalidOperationException("it broke");
        }
    }
}
