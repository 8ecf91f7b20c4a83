using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Seriatim.Tests;
using Seriatim.Web.Lab;
using Seriatim.Web.Training;

namespace Seriatim.Web.Tests;

/// <summary>
/// The pictures of docs/pictures, made anew: SERIATIM_SHOTS=docs/pictures dotnet test --filter PictureBrowserTests. Each
/// shows a view at work.
/// </summary>
[Collection(nameof(BrowserFixture))]
[Trait("Category", "Long")]
public sealed class PictureBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task Microscope()
    {
        await using Visitor visitor = await fixture.VisitAsync("microscope", theme: "dark", height: 1130);
        IPage page = visitor.Page;
        await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync();
        await page.FillAsync("#scope-text", "Once upon a time there was a little");
        await page.ClickAsync("#scope-read");
        await page.WaitForSelectorAsync(".tokens button");
        for (int i = 0; i < 2; i++)
        {
            await page.ClickAsync("#scope-step");
            await Assertions.Expect(page.Locator(".tokens .made")).ToHaveCountAsync(i + 1);
        }

        await page.ClickAsync("#station-tokens h2 button");
        await page.ClickAsync("#station-layer h2 button");
        await page.SelectOptionAsync("#scope-layer", "3");
        await page.ClickAsync(".heads button >> nth=4");
        await visitor.UntilAsync("[...document.querySelectorAll('.scope .busy')].every(busy => busy.innerText.trim() === '')");
        await page.ClickAsync("h1");
        await page.EvaluateAsync("() => scrollTo(0, 340)");
        await visitor.ShootAsync("page-microscope", isWhole: false);
    }

    [BrowserFact]
    public async Task Engine()
    {
        await using Visitor visitor = await fixture.VisitAsync("engine", theme: "dark", height: 1000);
        IPage page = visitor.Page;
        await page.SelectOptionAsync("#model", "stories");
        foreach ((string field, string value) in ((string, string)[])[("#engine-requests", "14"), ("#engine-tokens", "90")])
        {
            await page.FillAsync(field, value);
            await page.PressAsync(field, "Tab");
        }

        await page.ClickAsync("#engine-load");
        await page.WaitForSelectorAsync("[data-trees] rect >> nth=4");
        await visitor.UntilAsync("Number(document.getElementById('engine-running').innerText) > 2 && "
            + "Number(document.querySelector('[data-lanes]').ariaLabel.match(/\\d+/)[0]) > 90");
        await page.HoverAsync("[data-lanes]", new() { Position = new() { X = 700, Y = 60 } });
        await visitor.ShootAsync("page-engine", isWhole: false);
    }

    [BrowserFact]
    public async Task Training()
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        await using Visitor visitor = await fixture.VisitAsync("training", height: 900, server: server);
        IPage page = visitor.Page;
        string file = Path.Combine(folder.Path, "fox.txt");
        string[] who = ["fox", "cat", "dog", "mouse", "bird"];
        string[] what = ["sang a song", "ate some bread", "ran home", "fell asleep"];
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, 900).Select(i =>
            $"One day the {who[i * 7 % 5]} met the {who[i * 3 % 5]} by the old well, and then the {who[i % 5]} "
                + $"{what[i * 5 % 4]}."));
        await page.SetInputFilesAsync("#training-text", file);
        await page.WaitForSelectorAsync("#training-chosen:has-text('fox.txt')");
        await page.FillAsync("#training-steps", "200");
        await page.PressAsync("#training-steps", "Tab");
        await page.ClickAsync("#training-prepare");
        await page.WaitForSelectorAsync("#training-memory");
        using var still = new Standstill();
        TrainingWork work = server.Services.GetRequiredService<TrainingWork>();
        work.Changed += () =>
        {
            if (work.Current is { Record.Samples.Count: > 5 })
                still.Here();
        };
        await page.ClickAsync("#training-start");
        await still.ReachedAsync();
        await page.WaitForSelectorAsync(".sample >> nth=5");
        await page.ClickAsync("h1");
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        await visitor.ShootAsync("page-training", isWhole: false);
    }

    [BrowserFact]
    public async Task Lab()
    {
        using var folder = new TempFolder();
        await using PageServer server = await PageServer.StartAsync(
            page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        await using Visitor visitor = await fixture.VisitAsync("lab", height: 900, server: server);
        IPage page = visitor.Page;
        await page.CheckAsync("#lab-residual");
        await page.ClickAsync("#lab-start");
        LabWork work = server.Services.GetRequiredService<LabWork>();
        await page.WaitForSelectorAsync(".uplot");
        await page.WaitForSelectorAsync("#lab-results .uplot");
        await page.EvaluateAsync("() => document.getElementById('lab-results').scrollIntoView()");
        await visitor.ShootAsync("page-lab", isWhole: false);
        Assert.Single(work.Results);
    }

    [BrowserFact]
    public async Task Translate()
    {
        await using Visitor visitor = await fixture.VisitAsync("translate", height: 1340);
        IPage page = visitor.Page;
        await page.FillAsync("#source", "我昨天在公园里看见了你的朋友。");
        await page.PressAsync("#source", "Enter");
        await page.WaitForSelectorAsync(".refined");
        await page.FocusAsync("#refine-pass");
        await page.PressAsync("#refine-pass", "Home");
        await page.WaitForSelectorAsync(".refined[data-pass='1']");
        await page.ClickAsync("h1");
        await visitor.ShootAsync("page-translate", isWhole: false);
    }

    [BrowserFact]
    public async Task Chat_and_models()
    {
        await using Visitor visitor = await fixture.VisitAsync(height: 900);
        IPage page = visitor.Page;
        foreach ((string field, string value) in ((string, string)[])[("#seed", "11"), ("#max-tokens", "90")])
        {
            await page.FillAsync(field, value);
            await page.PressAsync(field, "Tab");
        }

        await visitor.SayAsync("Once upon a time there was a little dog");
        await page.WaitForSelectorAsync(".figures span:nth-child(4)");
        await page.ClickAsync(".token.sure2[data-pick] >> nth=1");
        await page.WaitForSelectorAsync(".alternatives li");
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        await visitor.ShootAsync("page-chat", isWhole: false);
        await page.ClickAsync("nav a[href=models]");
        await page.WaitForSelectorAsync(".state.loaded");
        await visitor.ShootAsync("page-models", isWhole: false);
    }
}
