using Microsoft.Extensions.DependencyInjection;
using Seriatim.Lab;
using Seriatim.Tests;
using Seriatim.Web.Lab;
using Seriatim.Web.Texts;
using Seriatim.Web.Work;

namespace Seriatim.Web.Tests;

/// <summary>The lab by the page's service, with the server around it.</summary>
public sealed class LabWorkTests
{
    [Fact]
    public async Task An_experiment_is_run_watched_and_kept()
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        LabWork work = server.Services.GetRequiredService<LabWork>();
        using (var still = new Standstill())
        {
            work.Changed += () =>
            {
                if (work.Now is not null)
                    still.Here();
            };
            work.Start([LabExperiments.Find("residual")!], LabSize.Tiny, null, 1);
            await still.ReachedAsync();
            SaidException busy = Assert.Throws<SaidException>(() =>
                work.Start([LabExperiments.Find("residual")!], LabSize.Tiny, null, 1));
            Assert.Contains("view Lab", busy.Message);
            Assert.NotNull(server.Services.GetRequiredService<LongWork>().What);
        }

        await WaitAsync(() => !work.IsRunning);
        Assert.Null(work.Failure);
        (Experiment experiment, LabResult result) = Assert.Single(work.Results);
        Assert.Equal("residual", experiment.Name);
        Assert.NotNull(result.Plot);
        Assert.Equal(LabPointKind.Loss, work.Curves.Kind);
        Assert.NotEmpty(work.Curves.Read(number => $"{number}")[0].X);

        KeptReport kept = Assert.Single(work.Reports.Read());
        Assert.Equal("residual", kept.Results[0].Name);
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using HttpResponseMessage report = await client.GetAsync(PageReports.Of("lab", kept.Id));
        Assert.StartsWith("sandbox", report.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains(experiment.Claim.English, System.Net.WebUtility.HtmlDecode(await report.Content.ReadAsStringAsync()));
        using HttpResponseMessage none = await client.GetAsync(PageReports.Of("lab", "../" + kept.Id));
        Assert.Equal(404, (int)none.StatusCode);
        work.Reports.Delete(kept.Id);
        Assert.Empty(work.Reports.Read());
    }

    [Fact]
    public async Task What_was_measured_before_a_stop_is_kept()
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        LabWork work = server.Services.GetRequiredService<LabWork>();
        work.Start([LabExperiments.Find("residual")!], LabSize.Full, null, 1);
        await WaitAsync(() => work.Curves.Kind is not null);
        work.Stop();
        await WaitAsync(() => !work.IsRunning);
        Assert.True(Assert.Single(work.Reports.Read()).Interrupted);
        Assert.Null(server.Services.GetRequiredService<LongWork>().What);
    }

    [Fact]
    public async Task Nothing_is_measured_unless_it_is_allowed_and_something_is_chosen()
    {
        using var folder = new TempFolder();
        await using PageServer closed = await PageServer.StartAsync(page: page => page.DataFolder = folder.Path);
        LabWork work = closed.Services.GetRequiredService<LabWork>();
        Assert.Contains("--allow-training",
            Assert.Throws<SaidException>(() => work.Start(LabExperiments.All, LabSize.Tiny, null, 1)).Message);
        await using PageServer open = await PageServer.StartAsync(page: page =>
            (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        work = open.Services.GetRequiredService<LabWork>();
        Assert.Throws<SaidException>(() => work.Start([], LabSize.Tiny, null, 1));
        Assert.False(work.IsRunning);
    }

    [Fact]
    public void Curves_are_bounded_and_of_one_kind()
    {
        var curves = new LabCurves();
        for (int series = 1; series <= 12; series++)
        {
            for (int step = 0; step < 500; step++)
                curves.Add(new LabPoint(LabPointKind.Loss, series, step, 1));
        }

        Assert.Equal(8, curves.Read(number => $"{number}").Count);
        Assert.All(curves.Read(number => $"{number}"), line => Assert.Equal(240, line.X.Count));
        Assert.Equal("12", curves.Read(number => $"{number}")[^1].Name);
        curves.Add(new LabPoint(LabPointKind.Time, 1, 1, 5));
        Assert.Single(curves.Read(number => $"{number}"));
        curves.Clear();
        Assert.Null(curves.Kind);
    }

    private static async Task WaitAsync(Func<bool> until)
    {
        for (int i = 0; !until(); i++)
        {
            Assert.True(i < 6000, "It has not come so far within five minutes.");
            await Task.Delay(50);
        }
    }
}
