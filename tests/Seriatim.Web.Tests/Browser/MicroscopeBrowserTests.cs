using System.Globalization;
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
[Collection(nameof(BrowserFixture))]
public sealed class MicroscopeBrowserTests(BrowserFixture fixture)
{
    private static readonly string[] Stations = ["embedding", "layer", "lens", "logits", "samplers", "die", "cache"];

    [BrowserFact]
    public async Task Logits_attention_and_the_chosen_token_are_those_of_the_library()
    {
        await using Visitor visitor = await OpenAsync("stories", "The dog ran to the");
        IPage page = visitor.Page;
        using ModelUse use = await UseAsync("stories");
        Scope scope = use.Microscope();
        Specimen text = scope.Prepare("The dog ran to the");
        int last = text.Tokens.Count - 1;
        using Walk walk = await scope.WalkAsync(text);

        await OpenStationAsync(page, "logits");
        Assert.Equal(walk.Logits, await LogitsAsync(page));

        await OpenStationAsync(page, "layer");
        foreach (int head in Enumerable.Range(0, scope.Map.Last.Layers[0].Heads))
        {
            string[][] rows = await TableAsync(page, "heads");
            Assert.Equal(1, rows[head].Skip(1).Sum(Number), 1e-5);
            if (head > 0)
                continue;
            Capture seen = await scope.LookAsync(text, new CaptureFilter
            {
                Kinds = CaptureKinds.Attention,
                Layers = [0],
                Heads = [0],
                Rows = [last],
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
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task A_token_is_generated_and_taken_back_and_the_cache_grows_by_a_column()
    {
        await using Visitor visitor = await OpenAsync("stories", "Once upon a time");
        IPage page = visitor.Page;
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
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task One_walks_through_all_stations_by_keyboard_in_both_languages()
    {
        await using Visitor visitor = await OpenAsync("stories", "A cat");
        IPage page = visitor.Page;
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
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Teacher_forcing_shows_the_loss_of_the_library()
    {
        await using Visitor visitor = await OpenAsync("stories", "Once upon a time there was a dog.");
        IPage page = visitor.Page;
        await page.Locator("#scope-teacher").CheckAsync();
        ILocator loss = page.Locator("[data-fact=loss]");
        await Assertions.Expect(loss).ToBeVisibleAsync();
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

        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Both_stacks_and_the_attention_between_them_are_shown()
    {
        await using Visitor visitor = await OpenAsync("zh-en", null);
        IPage page = visitor.Page;
        await OpenStationAsync(page, "layer");
        await Assertions.Expect(page.Locator("[data-numbers=cross-heads]")).ToBeVisibleAsync();
        string[][] cross = await TableAsync(page, "cross-heads");
        Assert.All(cross, row => Assert.Equal(1, row.Skip(1).Sum(Number), 1e-5));
        await page.Locator("#scope-stack").SelectOptionAsync("Encoder");
        await Assertions.Expect(page.Locator("[data-numbers=cross-heads]")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("[data-numbers=heads]")).ToBeVisibleAsync();
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task A_closed_station_reads_nothing_and_bad_input_says_what_to_do()
    {
        await using Visitor visitor = await OpenAsync("stories", "A cat");
        IPage page = visitor.Page;
        Assert.Equal("0", await page.Locator("#scope-bytes").GetAttributeAsync("data-bytes"));
        await page.Locator("#scope-text").FillAsync(string.Concat(Enumerable.Repeat("word ", 5000)));
        await page.Locator("#scope-read").ClickAsync();
        await Assertions.Expect(page.Locator(".failure")).ToContainTextAsync("tokens");
        Assert.StartsWith("word word", await page.Locator("#scope-text").InputValueAsync());
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Quantised_models_show_the_numbers_of_the_library_too()
    {
        using var folder = new TempFolder();
        (string Name, string Path)[] models = TinyModels.WriteQuantised(folder.Path, "q8_0", "q4_k_m");
        await using PageServer server = await PageServer.StartAsync(options =>
        {
            options.BuiltInModels = false;
            foreach ((string name, string path) in models)
                options.Models.Add(new ServedModelOptions { Model = path, Name = name });
        });
        foreach ((string name, _) in models)
        {
            await using Visitor visitor = await OpenAsync(name, "the cat sat on the mat", server: server);
            IPage page = visitor.Page;
            using ModelUse use = await UseAsync(name, server);
            Scope scope = use.Microscope();
            using Walk walk = await scope.WalkAsync(scope.Prepare("the cat sat on the mat"));
            await OpenStationAsync(page, "logits");
            Assert.Equal(walk.Logits, await LogitsAsync(page));
            Assert.Equal($"{walk.Next!.Token.Id}", await NextIdAsync(page));
            await OpenStationAsync(page, "layer");
            Assert.All(await TableAsync(page, "heads"), row => Assert.Equal(1, row.Skip(1).Sum(Number), 1e-5));
            await page.Locator("#scope-teacher").CheckAsync();
            await Assertions.Expect(page.Locator("[data-fact=loss]")).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator(".teacher")).ToContainTextAsync("are not trained");
            visitor.IsContent();
        }
    }

    [BrowserFact]
    public async Task What_was_typed_is_there_when_the_page_is_loaded_again()
    {
        await using Visitor visitor = await OpenAsync("stories", null);
        IPage page = visitor.Page;
        await page.Locator("#scope-text").FillAsync("half a sent");
        await page.Locator("#scope-model").SelectOptionAsync("zh-en");
        await page.Locator("#scope-source").FillAsync("translate Chinese to English: 猫");
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#scope-text")).ToHaveValueAsync("half a sent");
        await page.Locator("#scope-model").SelectOptionAsync("zh-en");
        await Assertions.Expect(page.Locator("#scope-source")).ToHaveValueAsync("translate Chinese to English: 猫");
        await Assertions.Expect(page.Locator("#scope-text")).ToHaveValueAsync("");
        visitor.IsContent();
    }

    /// <summary>
    /// As many layers and heads as a model of 7 billion parameters has: what is read is what is shown, not what there is.
    /// </summary>
    [BrowserFact]
    public async Task A_model_of_many_layers_and_heads_gives_only_what_is_shown()
    {
        const int Layers = 32, Heads = 32;
        string text = string.Concat(Enumerable.Range(0, 12).Select(i => $"the cat number {i} sat on the mat and sang a song "));
        using var folder = new TempFolder();
        WriteWide(folder.Path);
        await using PageServer server = await PageServer.StartAsync(
            options => options.Models.Add(new ServedModelOptions { Model = folder.Path, Name = "wide" }));
        await using Visitor visitor = await OpenAsync("wide", text, server: server);
        IPage page = visitor.Page;
        int tokens = await page.Locator(".tokens button").CountAsync();
        Assert.True(tokens > 100, $"{tokens} tokens");
        Assert.Equal("0", await page.Locator("#scope-bytes").GetAttributeAsync("data-bytes"));
        await OpenStationAsync(page, "layer");
        await Assertions.Expect(page.Locator("[data-numbers=matrix]")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#scope-bytes")).Not.ToHaveAttributeAsync("data-bytes", "0");
        string bytes = (await page.Locator("#scope-bytes").GetAttributeAsync("data-bytes"))!;
        long read = long.Parse(bytes, CultureInfo.InvariantCulture);
        long there = (long)Layers * Heads * tokens * tokens / 2 * sizeof(float);
        Assert.InRange(read, 1, there / 100);
        ILocator first = page.Locator(".tokens button").First;
        await first.ClickAsync();
        await Assertions.Expect(first).ToHaveAttributeAsync("aria-checked", "true");
        visitor.IsContent();
    }

    /// <summary>All stations open: both shades, a screen and a phone, and readers of screens.</summary>
    [BrowserFact]
    public async Task It_fits_into_a_phone_and_a_screen_light_and_dark()
    {
        await using Visitor visitor = await OpenAsync("stories", "Once upon a time there was a little girl named Lily");
        IPage page = visitor.Page;
        foreach (string station in Stations)
            await OpenStationAsync(page, station);
        await Assertions.Expect(page.Locator("[data-table=lens]")).ToBeVisibleAsync();
        await TableAsync(page, "matrix");
        await page.Locator("#scope-step").ClickAsync();
        await Assertions.Expect(page.Locator(".tokens .made")).ToHaveCountAsync(1);
        await IsQuietAsync(visitor);
        await page.ClickAsync("[data-numbers=matrix]");
        await visitor.ShowAsync("microscope");
        visitor.IsContent();
    }

    [BrowserTheory]
    [InlineData("zh-en", 390, "dark")]
    [InlineData("zh-en-nar", 1280, "dark")]
    [InlineData("fill", 390, "light")]
    public async Task Every_kind_of_model_is_shown_and_taught_in_Chinese_too(string model, int width, string shade)
    {
        string? text = model == "fill" ? "The sky is blue and the sun is bright today." : null;
        await using Visitor visitor = await OpenAsync(model, text, width, shade, language: "zh");
        IPage page = visitor.Page;
        foreach (string station in Stations)
            await OpenStationAsync(page, station);
        await Assertions.Expect(page.Locator("[data-numbers=matrix]")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("[data-table=softmax]")).ToBeVisibleAsync();
        await IsQuietAsync(visitor);
        await visitor.FitsAsync();
        await visitor.ShootAsync($"kind-{model}-{width}-{shade}");
        await page.Locator("#scope-teacher").CheckAsync();
        ILocator loss = page.Locator("[data-fact=loss], .failure");
        await Assertions.Expect(loss.First).ToBeVisibleAsync();
        Assert.Equal(0, await page.Locator(".failure").CountAsync());
        await visitor.FitsAsync();
        await visitor.IsAccessibleAsync();
        await visitor.ShootAsync($"teacher-{model}-{width}-{shade}");
        visitor.IsContent();
    }

    /// <summary>Nothing is being computed: the page stands as it is.</summary>
    private static Task IsQuietAsync(Visitor visitor) =>
        visitor.UntilAsync("[...document.querySelectorAll('.scope .busy')].every(busy => busy.innerText.trim() === '')");

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
        await Assertions.Expect(button).ToBeVisibleAsync();
        if (await button.GetAttributeAsync("aria-expanded") == "false")
            await button.ClickAsync();
        await Assertions.Expect(page.Locator($"[data-table={name}]")).ToBeVisibleAsync();
        return await page.Locator($"[data-table={name}] tbody").EvaluateAsync<string[][]>(
            "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))");
    }

    /// <summary>All logits, which stand in the page a thousand at a time.</summary>
    private static async Task<float[]> LogitsAsync(IPage page)
    {
        List<float> all = [.. (await TableAsync(page, "logits")).Select(row => Number(row[1]))];
        ILocator more = page.Locator("[data-more=logits]");
        while (await more.CountAsync() > 0 && await more.IsEnabledAsync())
        {
            await more.ClickAsync();
            await Assertions.Expect(page.Locator("[data-table=logits] tbody th").First).ToHaveTextAsync($"{all.Count}");
            all.AddRange((await TableAsync(page, "logits")).Select(row => Number(row[1])));
        }

        return [.. all];
    }

    private Task<ModelUse> UseAsync(string model, PageServer? server = null) =>
        (server ?? fixture.Server).Services.GetRequiredService<ServerCore>().Models.Find(model).UseAsync(CancellationToken.None);

    private async Task<Visitor> OpenAsync(
        string model, string? text, int width = 1280, string shade = "light", PageServer? server = null,
        string language = "en")
    {
        Visitor visitor = await fixture.VisitAsync("microscope", language, shade, width, height: 900, server: server);
        IPage page = visitor.Page;
        await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync();
        if (await page.Locator("#scope-model").InputValueAsync() != model)
        {
            await page.Locator("#scope-model").SelectOptionAsync(model);
            await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync();
            await Assertions.Expect(page.Locator("#scope-model")).ToBeEnabledAsync();
        }

        if (text is not null)
            await page.Locator("#scope-text").FillAsync(text);
        await page.Locator("#scope-read").ClickAsync();
        await Assertions.Expect(page.Locator(".tokens").Last).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#scope-read")).ToBeEnabledAsync();
        return visitor;
    }
}
