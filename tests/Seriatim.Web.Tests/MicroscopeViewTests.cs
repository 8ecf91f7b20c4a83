using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Seriatim.Inspection;
using Seriatim.Models;
using Seriatim.Server;
using Seriatim.Tests;
using Scope = Seriatim.Inspection.Microscope;

namespace Seriatim.Web.Tests;

/// <summary>The microscope in a real browser: what it shows is what the library says, to the bit.</summary>
public sealed class MicroscopeViewTests : IAsyncLifetime
{
    private static readonly string? Chromium =
        new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    private readonly TempFolder _folder = new();
    private readonly List<string> _errors = [];
    private readonly List<string> _elsewhere = [];
    private PageServer _server = null!;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (Chromium is null)
            return;
        WriteWide(_folder.Path);
        var wide = new ServedModelOptions { Model = _folder.Path, Name = "wide" };
        _server = await PageServer.StartAsync(options => options.Models.Add(wide));
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
    }

    public async Task DisposeAsync()
    {
        if (Chromium is null)
            return;
        await _browser!.CloseAsync();
        _playwright!.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [BrowserFact]
    public async Task Logits_attention_and_the_chosen_token_are_those_of_the_library()
    {
        IPage page = await OpenAsync("stories", "The dog ran to the");
        using ModelUse use = await UseAsync("stories");
        Scope scope = use.Microscope();
        Specimen text = scope.Prepare("The dog ran to the");
        int last = text.Tokens.Count - 1;
        using Walk walk = await scope.WalkAsync(text);

        await OpenStationAsync(page, "logits");
        string[][] logits = await TableAsync(page, "logits");
        Assert.Equal(walk.Logits, logits.Select(row => Number(row[1])));

        await OpenStationAsync(page, "layer");
        foreach (int head in Enumerable.Range(0, scope.Map.Last.Layers[0].Heads))
        {
            string[][] rows = await TableAsync(page, "heads");
            Assert.Equal(1, rows[head].Skip(1).Sum(Number), 1e-5);
            if (head > 0)
                continue;
            Capture seen = await scope.LookAsync(text, new CaptureFilter
            {
                Kinds = CaptureKinds.Attention, Layers = [0], Heads = [0], Rows = [last],
            });
            Assert.Equal(seen.Attention[0].Weights, rows[0].Skip(1).Select(Number));
        }

        string[][] matrix = await TableAsync(page, "matrix");
        Assert.Equal(text.Tokens.Count, matrix.Length);
        Assert.All(matrix, row => Assert.Equal(1, row.Skip(1).Where(w => w != "–").Sum(Number), 1e-5));
        Assert.Equal("–", matrix[0][^1]); // the mask

        await OpenStationAsync(page, "die");
        string? chosen = await page.Locator("#body-die [data-chosen]").GetAttributeAsync("data-chosen");
        Assert.Equal($"{walk.Next!.Token.Id}", chosen);
        Assert.Empty(_errors);
        Assert.Empty(_elsewhere);
    }

    [BrowserFact]
    public async Task A_token_is_generated_and_taken_back_and_the_cache_grows_by_a_column()
    {
        IPage page = await OpenAsync("stories", "Once upon a time");
        await OpenStationAsync(page, "cache");
        ILocator columns = page.Locator("#body-cache g.column");
        int before = await columns.CountAsync();
        string? next = await NextIdAsync(page);
        await page.Locator("#scope-step").ClickAsync();
        await Assertions.Expect(columns).ToHaveCountAsync(before + 1);
        await Assertions.Expect(page.Locator("#body-cache g.newest")).ToHaveCountAsync(1);
        Assert.Equal(next, await page.Locator(".tokens button").Last.GetAttributeAsync("data-id"));
        await page.Locator("#scope-back").ClickAsync();
        await Assertions.Expect(columns).ToHaveCountAsync(before);
        Assert.Equal(next, await NextIdAsync(page));

        // Another way of choosing, after the same text.
        await OpenStationAsync(page, "samplers");
        await page.Locator("#scope-temperature").FillAsync("0");
        await page.Locator("#scope-temperature").PressAsync("Tab");
        await Assertions.Expect(page.Locator("#body-die")).ToContainTextAsync("Temperature 0");
        Assert.Empty(_errors);
    }

    [BrowserFact]
    public async Task One_walks_through_all_stations_by_keyboard_in_both_languages()
    {
        IPage page = await OpenAsync("stories", "A cat");
        using ModelUse use = await UseAsync("stories");
        int stops = 7 + use.Microscope().Map.Last.Layers.Count;
        for (int stop = 1; stop < stops; stop++)
        {
            await page.Locator("#scope-next").FocusAsync();
            await page.Keyboard.PressAsync("Enter");
        }

        await Assertions.Expect(page.Locator("#station-cache button").First).ToHaveAttributeAsync("aria-expanded", "true");
        await Assertions.Expect(page.Locator("#scope-next")).ToBeDisabledAsync();
        ILocator first = page.Locator(".tokens button").First;
        await page.Locator(".tokens button[aria-checked=true]").FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Assertions.Expect(first).ToHaveAttributeAsync("aria-checked", "true");
        await page.Locator("#switch-language").ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("显微镜");
        await Assertions.Expect(page.Locator("#scope-next")).ToContainTextAsync("下一步");
        Assert.Empty(_errors);
    }

    [BrowserFact]
    public async Task Teacher_forcing_shows_the_loss_of_the_library()
    {
        IPage page = await OpenAsync("stories", "Once upon a time there was a dog.");
        await page.Locator("#scope-teacher").CheckAsync();
        ILocator loss = page.Locator("[data-fact=loss]");
        await Assertions.Expect(loss).ToBeVisibleAsync(new() { Timeout = 30_000 });
        using ModelUse use = await UseAsync("stories");
        Scope scope = use.Microscope();
        TeacherForcing taught = await scope.TeachAsync(scope.Prepare("Once upon a time there was a dog."));
        Assert.Equal(taught.Mean, double.Parse((await loss.GetAttributeAsync("data-exact"))!, CultureInfo.InvariantCulture));
        ILocator bars = page.Locator("[data-table=losses] tbody tr");
        Assert.Equal(taught.Losses.Count, await bars.CountAsync());
        for (int i = 0; i < taught.Losses.Count; i++)
            Assert.Equal(Shown(taught.Losses[i].Loss), await bars.Nth(i).GetAttributeAsync("data-id"));
        if (taught.NoGradients is null)
        {
            string[][] norms = await TableAsync(page, "gradient-norms");
            Assert.Equal(taught.Gradients.Select(one => Shown(one.Norm)), norms.Select(row => row[2]));
        }

        Assert.Empty(_errors);
    }

    [BrowserFact]
    public async Task Both_stacks_and_the_attention_between_them_are_shown()
    {
        IPage page = await OpenAsync("zh-en", null);
        await OpenStationAsync(page, "layer");
        await Assertions.Expect(page.Locator("[data-numbers=cross-heads]")).ToBeVisibleAsync();
        string[][] cross = await TableAsync(page, "cross-heads");
        Assert.All(cross, row => Assert.Equal(1, row.Skip(1).Sum(Number), 1e-5));
        await page.Locator("#scope-stack").SelectOptionAsync("Encoder");
        await Assertions.Expect(page.Locator("[data-numbers=cross-heads]")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("[data-numbers=heads]")).ToBeVisibleAsync();
        Assert.Empty(_errors);
    }

    [BrowserFact]
    public async Task A_closed_station_reads_nothing_and_bad_input_says_what_to_do()
    {
        IPage page = await OpenAsync("stories", "A cat");
        Assert.Equal("0", await page.Locator("#scope-bytes").GetAttributeAsync("data-bytes"));
        await page.Locator("#scope-text").FillAsync(string.Concat(Enumerable.Repeat("word ", 5000)));
        await page.Locator("#scope-read").ClickAsync();
        await Assertions.Expect(page.Locator(".failure")).ToContainTextAsync("tokens");
        Assert.StartsWith("word word", await page.Locator("#scope-text").InputValueAsync());
        Assert.Empty(_errors);
    }

    /// <summary>
    /// As many layers and heads as a model of 7 billion parameters has: what is read is what is shown, not what there is.
    /// </summary>
    [BrowserFact]
    public async Task A_model_of_many_layers_and_heads_gives_only_what_is_shown()
    {
        const int Layers = 32, Heads = 32;
        string text = string.Concat(Enumerable.Range(0, 12).Select(i => $"the cat number {i} sat on the mat and sang a song "));
        IPage page = await OpenAsync("wide", text);
        int tokens = await page.Locator(".tokens button").CountAsync();
        Assert.True(tokens > 100, $"{tokens} tokens");
        Assert.Equal("0", await page.Locator("#scope-bytes").GetAttributeAsync("data-bytes"));
        await OpenStationAsync(page, "layer");
        await Assertions.Expect(page.Locator("[data-numbers=matrix]")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Assertions.Expect(page.Locator("#scope-bytes")).Not.ToHaveAttributeAsync("data-bytes", "0");
        string bytes = (await page.Locator("#scope-bytes").GetAttributeAsync("data-bytes"))!;
        long read = long.Parse(bytes, CultureInfo.InvariantCulture);
        long there = (long)Layers * Heads * tokens * tokens / 2 * sizeof(float);
        Assert.InRange(read, 1, there / 100);
        ILocator first = page.Locator(".tokens button").First;
        await first.ClickAsync();
        await Assertions.Expect(first).ToHaveAttributeAsync("aria-checked", "true", new() { Timeout = 3000 });
        Assert.Empty(_errors);
    }

    /// <summary>Contrast, labels, roles: axe-core, where npm has it.</summary>
    [BrowserFact]
    public async Task Readers_of_screens_are_served()
    {
        if (AxeScript is not { } axe)
            return;
        foreach (string shade in (string[])["light", "dark"])
        {
            IPage page = await OpenAsync("stories", "Once upon a time", shade: shade);
            foreach (string station in (string[])["embedding", "layer", "lens", "logits", "samplers", "die", "cache"])
                await OpenStationAsync(page, station);
            await TableAsync(page, "matrix");
            await Assertions.Expect(page.Locator("[data-table=lens]")).ToBeVisibleAsync(new() { Timeout = 30_000 });
            await page.EvaluateAsync(await File.ReadAllTextAsync(axe));
            string[] found = await page.EvaluateAsync<string[]>(
                "async () => (await axe.run('.scope')).violations.filter(v => v.impact === 'serious' || v.impact === 'critical')"
                + ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))");
            Assert.True(found.Length == 0, $"{shade}: {string.Join(Environment.NewLine, found)}");
            await page.CloseAsync();
        }
    }

    /// <summary>Pictures for whoever looks at them: into the folder that SERIATIM_SHOTS names.</summary>
    [BrowserFact]
    public async Task It_fits_into_a_phone_and_a_screen_light_and_dark()
    {
        string? folder = Environment.GetEnvironmentVariable("SERIATIM_SHOTS");
        foreach (string shade in (string[])["light", "dark"])
        {
            foreach (int width in (int[])[390, 1280])
            {
                IPage page = await OpenAsync("stories", "Once upon a time there was a little girl named Lily", width, shade);
                foreach (string station in (string[])["embedding", "layer", "lens", "logits", "samplers", "die", "cache"])
                    await OpenStationAsync(page, station);
                await Assertions.Expect(page.Locator("[data-table=lens]")).ToBeVisibleAsync(new() { Timeout = 30_000 });
                await Assertions.Expect(page.Locator("[data-numbers=matrix]")).ToBeVisibleAsync();
                await page.Locator("#scope-step").ClickAsync();
                await Assertions.Expect(page.Locator(".tokens .made")).ToHaveCountAsync(1);
                await Task.Delay(700);
                int wide = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
                Assert.True(wide <= width, $"{width} px: it scrolls sideways, {wide}.");
                if (folder is not null)
                {
                    await page.EvaluateAsync("document.querySelector('.walk').style.position = 'static'");
                    foreach (string station in (string[])["layer", "lens", "logits", "samplers", "die", "cache"])
                    {
                        string part = Path.Combine(folder, $"part-{station}-{width}-{shade}.png");
                        await page.Locator($"#station-{station}").ScreenshotAsync(new() { Path = part });
                    }

                    string whole = Path.Combine(folder, $"microscope-{width}-{shade}.png");
                    await page.ScreenshotAsync(new() { Path = whole, FullPage = true });
                }

                await page.CloseAsync();
            }
        }

        Assert.Empty(_errors);
    }

    private static string? AxeScript => typeof(MicroscopeViewTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Where(one => one.Key == "NodeFolder").Select(one => Path.Combine(one.Value!, "node_modules", "axe-core", "axe.min.js"))
        .FirstOrDefault(File.Exists);

    /// <summary>The layers and heads of a 7B model over tiny rows, with random weights.</summary>
    private static void WriteWide(string folder)
    {
        TinyModels.WriteLlama(folder, chat: false);
        string path = Path.Combine(folder, "config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        (config["num_hidden_layers"], config["num_attention_heads"], config["num_key_value_heads"]) = (32, 32, 32);
        (config["hidden_size"], config["intermediate_size"], config["max_position_embeddings"]) = (128, 128, 2048);
        byte[] json = System.Text.Encoding.UTF8.GetBytes(config.ToJsonString());
        using Model model = Model.Create("config", json, new RandomSource(3, 0.1f));
        CheckpointWriter.Write(model, folder);
    }

    private static string Shown(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static float Number(string text) => float.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<string?> NextIdAsync(IPage page)
    {
        if (await page.Locator("#body-die").CountAsync() == 0)
            await OpenStationAsync(page, "die");
        return await page.Locator("#body-die [data-chosen]").GetAttributeAsync("data-chosen");
    }

    private static async Task OpenStationAsync(IPage page, string name)
    {
        ILocator button = page.Locator($"#station-{name} > h2 button");
        if (await button.GetAttributeAsync("aria-expanded") == "false")
            await button.ClickAsync();
        await Assertions.Expect(page.Locator($"#body-{name}")).ToBeVisibleAsync();
    }

    private static async Task<string[][]> TableAsync(IPage page, string name)
    {
        ILocator button = page.Locator($"[data-numbers={name}]");
        await Assertions.Expect(button).ToBeVisibleAsync(new() { Timeout = 30_000 });
        if (await button.GetAttributeAsync("aria-expanded") == "false")
            await button.ClickAsync();
        await Assertions.Expect(page.Locator($"[data-table={name}]")).ToBeVisibleAsync();
        return await page.Locator($"[data-table={name}] tbody").EvaluateAsync<string[][]>(
            "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))");
    }

    private Task<ModelUse> UseAsync(string model) =>
        _server.Services.GetRequiredService<ServerCore>().Models.Find(model).UseAsync(CancellationToken.None);

    private async Task<IPage> OpenAsync(string model, string? text, int width = 1280, string shade = "light")
    {
        IBrowserContext context = await _browser!.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 900 } });
        await context.AddCookiesAsync(
        [
            new Cookie { Name = "seriatim-theme", Value = shade, Url = _server.Url },
            new Cookie { Name = "seriatim-language", Value = "en", Url = _server.Url },
        ]);
        IPage page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                _errors.Add(message.Text);
        };
        page.PageError += (_, error) => _errors.Add(error);
        page.Request += (_, request) =>
        {
            string[] own = [_server.Url, "data:", _server.Url.Replace("http", "ws", StringComparison.Ordinal)];
            if (!own.Any(start => request.Url.StartsWith(start, StringComparison.Ordinal)))
                _elsewhere.Add(request.Url);
        };
        await page.GotoAsync($"{_server.Url}/microscope");
        await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync(new() { Timeout = 60_000 });
        if (await page.Locator("#scope-model").InputValueAsync() != model)
        {
            await page.Locator("#scope-model").SelectOptionAsync(model);
            await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync(new() { Timeout = 60_000 });
            await Assertions.Expect(page.Locator("#scope-model")).ToBeEnabledAsync();
        }

        if (text is not null)
            await page.Locator("#scope-text").FillAsync(text);
        await page.Locator("#scope-read").ClickAsync();
        await Assertions.Expect(page.Locator(".tokens").Last).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync();
        return page;
    }

    /// <summary>A test that is skipped where there is no browser.</summary>
    private sealed class BrowserFactAttribute : FactAttribute
    {
        public BrowserFactAttribute()
        {
            if (Chromium is null)
                Skip = "There is no chromium here; install it to run this test.";
        }
    }
}
