using Microsoft.Extensions.DependencyInjection;
using Seriatim.Server;
using Seriatim.Tests;
using Seriatim.Web.Texts;
using Seriatim.Web.Training;
using Seriatim.Web.Work;

namespace Seriatim.Web.Tests;

/// <summary>Training by the page's service, with the server around it.</summary>
public sealed class TrainingWorkTests
{
    private static readonly string Text =
        string.Join('\n', Enumerable.Range(0, 120).Select(i => $"the cat number {i} sat on the mat and sang a song"));

    [Fact]
    public async Task A_run_is_prepared_trained_stopped_gone_on_with_and_served()
    {
        using var folder = new TempFolder();
        await using (PageServer server = await StartAsync(folder))
        {
            TrainingWork work = server.Services.GetRequiredService<TrainingWork>();
            TrainingRun run = await work.PrepareAsync(new TrainingPlan("../My cats", TrainingSize.All[0], 60, "the cat"), Text);
            Assert.Equal(TrainingState.Ready, run.Record.State);
            Assert.True(run.Memory!.Value.Total > 1000);
            Assert.True(run.Seconds > 0);
            Assert.StartsWith(folder.Path, run.Folder);
            Assert.DoesNotContain("cats", run.Folder);

            // One thing at a time.
            Assert.NotNull(server.Services.GetRequiredService<LongWork>().What);
            SaidException busy = await Assert.ThrowsAsync<SaidException>(() =>
                work.PrepareAsync(new TrainingPlan("b", TrainingSize.All[0], 20, ""), Text));
            Assert.Contains("view Training", busy.Message);
            Assert.Contains("“训练”视图", busy.In(Language.Chinese));

            // It is stopped at its first checkpoint, however fast it trains.
            using (var still = new Standstill())
            {
                work.Changed += () =>
                {
                    if (run.Record.Samples.Count > 0)
                        still.Here();
                };
                work.Start();
                await still.ReachedAsync();
                work.Stop();
            }

            await WaitAsync(() => work.Current is null);
            Assert.Equal(TrainingState.Stopped, run.Record.State);
            Assert.True(run.CanResume);
            Assert.InRange(run.Record.Steps, 25, 26);
            await work.ResumeAsync(run);
            await WaitAsync(() => work.Current is null);
            Assert.True(run.Record.State == TrainingState.Done, run.Record.Failure);
            Assert.Equal(60, run.Record.Steps);
            Assert.Equal("My-cats", run.Record.Model);
            Assert.All(run.Record.Samples, sample => Assert.Equal("the cat", sample.Prompt));
            Assert.Equal(60, run.Entries[^1].Step);

            using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
            using HttpResponseMessage answer = await client.PostAsync("/v1/completions",
                new StringContent("""{"model": "My-cats", "prompt": "the cat", "max_tokens": 3}"""));
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());

            // The page of its curves runs its scripts in a sandbox.
            using HttpResponseMessage report = await client.GetAsync(PageReports.Of("training", run.Id));
            Assert.StartsWith("sandbox allow-scripts", report.Headers.GetValues("Content-Security-Policy").Single());
            Assert.Contains("Settings", await report.Content.ReadAsStringAsync());
            using HttpResponseMessage none = await client.GetAsync(PageReports.Of("training", "../../etc/passwd"));
            Assert.Equal(404, (int)none.StatusCode);
        }

        // After a restart it is all there again.
        await using PageServer again = await StartAsync(folder);
        TrainingRun kept = Assert.Single(again.Services.GetRequiredService<TrainingWork>().Runs);
        Assert.Equal("../My cats", kept.Record.Title);
        Assert.NotEmpty(kept.Entries);
        Assert.Contains("My-cats", again.Services.GetRequiredService<ServedModels>().Names);
        again.Services.GetRequiredService<TrainingWork>().Delete(kept);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "training")));
    }

    [Fact]
    public async Task A_server_that_stops_ends_the_run_with_a_checkpoint()
    {
        using var folder = new TempFolder();
        string at;
        await using (PageServer server = await StartAsync(folder))
        {
            TrainingWork work = server.Services.GetRequiredService<TrainingWork>();
            TrainingRun run = await work.PrepareAsync(new TrainingPlan("a", TrainingSize.All[0], 100_000, ""), Text);
            work.Start();
            await WaitAsync(() => run.Progress?.Step > 1);
            at = run.Folder;
        }

        Assert.Single(Directory.GetDirectories(at, "checkpoint-*"));
        Assert.Equal(TrainingState.Stopped, TrainingRun.Read(at)!.Record.State);
    }

    [Fact]
    public async Task What_cannot_be_trained_is_said_and_leaves_nothing()
    {
        using var folder = new TempFolder();
        await using PageServer server = await StartAsync(folder);
        TrainingWork work = server.Services.GetRequiredService<TrainingWork>();

        // A text of one line has nothing for validation once it is cut, or is taken; either way nothing is left behind.
        await Assert.ThrowsAnyAsync<SeriatimException>(() => work.PrepareAsync("no-such-recipe", "x", ""));
        Assert.Empty(work.Runs);
        Assert.Null(work.Current);
        Assert.Null(server.Services.GetRequiredService<LongWork>().What);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "training")));
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_is_said()
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "file");
        File.WriteAllText(file, "in the way");
        await using PageServer server = await PageServer.StartAsync(page: page =>
            (page.AllowsTraining, page.DataFolder) = (true, file));
        SaidException failure = await Assert.ThrowsAsync<SaidException>(() => server.Services.GetRequiredService<TrainingWork>()
            .PrepareAsync(new TrainingPlan("a", TrainingSize.All[0], 20, ""), Text));
        Assert.Contains("SERIATIM_DATA", failure.Message);
        Assert.Null(server.Services.GetRequiredService<LongWork>().What);
    }

    [Fact]
    public async Task Nothing_is_trained_unless_it_is_allowed()
    {
        using var folder = new TempFolder();
        await using PageServer server = await PageServer.StartAsync(page: page => page.DataFolder = folder.Path);
        SaidException failure = await Assert.ThrowsAsync<SaidException>(() => server.Services.GetRequiredService<TrainingWork>()
            .PrepareAsync(new TrainingPlan("a", TrainingSize.All[0], 20, ""), Text));
        Assert.Contains("--allow-training", failure.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    private static Task<PageServer> StartAsync(TempFolder folder) =>
        PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));

    private static async Task WaitAsync(Func<bool> until)
    {
        for (int i = 0; !until(); i++)
        {
            Assert.True(i < 6000, "It has not come so far within five minutes.");
            await Task.Delay(50);
        }
    }
}
