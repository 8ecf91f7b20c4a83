using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Seriatim.Generation;
using Seriatim.Web.Chat;

namespace Seriatim.Web.Tests;

/// <summary>The chat in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class ChatBrowserTests(BrowserFixture fixture)
{
    [BrowserTheory]
    [InlineData("en", 1280)]
    [InlineData("zh", 390)]
    public async Task Somebody_says_something_and_reads_the_answer(string language, int width)
    {
        await using Visitor visitor = await fixture.VisitAsync("", language, "dark", width, 844);
        IPage page = visitor.Page;
        Assert.Equal(language == "zh" ? "对话" : "Chat", await page.InnerTextAsync("h1"));
        await visitor.IsAccessibleAsync();
        if (width < 1000)
            await page.ClickAsync(".side summary");
        await SetAsync(page, "max-tokens", "60");
        await SetAsync(page, "seed", "3");
        if (width < 1000)
            await page.ClickAsync(".side summary");
        await visitor.SayAsync("Once upon a time");
        await page.WaitForSelectorAsync(".figures span:nth-child(4)");
        Assert.True(await page.Locator(".answer .token").CountAsync() > 20);
        Assert.Equal("", await page.InputValueAsync("#say"));
        await page.ClickAsync(".token[data-pick] >> nth=3");
        await page.WaitForSelectorAsync(".alternatives li");
        foreach (string theme in (string[])["dark", "light"])
        {
            await visitor.ShadeAsync(theme);
            await visitor.ShootAsync($"chat-{width}-{theme}", isWhole: false);
            await visitor.IsAccessibleAsync();
        }

        await visitor.FitsAsync();

        // The other language, at once, and what was said stays.
        await visitor.SpeakAsync(language == "zh" ? "Chat" : "对话");
        Assert.True(await page.Locator(".answer .token").CountAsync() > 20);
        await page.ReloadAsync();
        await visitor.UntilAsync($"document.querySelector('h1')?.innerText === '{(language == "zh" ? "Chat" : "对话")}'");
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Another_token_is_gone_on_from_with_the_bits_of_a_forced_prefix()
    {
        await using Visitor visitor = await fixture.VisitAsync();
        IPage page = visitor.Page;
        await SetAsync(page, "temperature", "0");
        await SetAsync(page, "max-tokens", "24");
        await visitor.SayAsync("The little dog");
        await page.WaitForSelectorAsync(".figures span:nth-child(4)");
        await page.ClickAsync(".token[data-pick] >> nth=5");
        ILocator other = page.Locator(".alternatives button:not(.own)").First;
        int id = int.Parse((await other.GetAttributeAsync("data-token"))!);
        await other.ClickAsync();
        await page.WaitForSelectorAsync(".branches");
        await page.WaitForSelectorAsync(".figures span:nth-child(4)");
        string shown = await page.EvaluateAsync<string>("() => document.querySelector('.answer .tokens').textContent");

        using LanguageModel model = await LanguageModel.OpenAsync("stories");
        int[] prompt = [.. model.Request("The little dog").Prompt.ToArray()];
        int[] first = await GreedyAsync(model, prompt, 24);
        int[] prefix = [.. first[..5], id];
        int[] rest = await GreedyAsync(model, [.. prompt, .. prefix], 24 - prefix.Length);
        Assert.Equal(model.Tokenizer.Decode([.. prefix, .. rest]), shown);

        // The branch before is still there.
        await page.ClickAsync(".branches button >> nth=0");
        await visitor.UntilAsync("document.querySelector('.branches span').innerText === '1/2'");
        Assert.Equal(model.Tokenizer.Decode(first),
            await page.EvaluateAsync<string>("() => document.querySelector('.answer .tokens').textContent"));
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Earlier_turns_are_edited_and_answered_again_in_branches()
    {
        await using Visitor visitor = await fixture.VisitAsync();
        IPage page = visitor.Page;
        await SetAsync(page, "max-tokens", "5");
        await visitor.SayAsync("One");
        await visitor.SayAsync("Two");
        Assert.Equal(2, await page.Locator(".turn.answer").CountAsync());
        await page.ClickAsync(".turn.asked >> nth=0 >> button[aria-label='Edit, and ask again']");
        await page.FillAsync(".turn.asked textarea", "Three");
        await page.PressAsync(".turn.asked textarea", "Enter");
        await visitor.UntilAsync("document.querySelectorAll('.turn.answer').length === 1");
        Assert.Equal("Three", await page.InnerTextAsync(".turn.asked .said"));
        await page.WaitForSelectorAsync("#say-send");
        await page.ClickAsync(".turn.answer button[aria-label='Answer again']");
        await page.WaitForSelectorAsync(".turn.answer .branches");
        await page.WaitForSelectorAsync("#say-send");
        await page.ClickAsync(".turn.asked .branches button >> nth=0");
        await visitor.UntilAsync("document.querySelectorAll('.turn.answer').length === 2");
        Assert.Equal("One", await page.InnerTextAsync(".turn.asked .said >> nth=0"));
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task A_page_that_is_loaded_again_goes_on_with_the_stream_and_stops_it()
    {
        using HeldAnswers held = fixture.Server.Hold("/v1/completions");
        await using Visitor visitor = await fixture.VisitAsync();
        await using Visitor second = await fixture.VisitAsync();
        IPage page = visitor.Page;
        await SetAsync(page, "seed", "3");
        await page.FillAsync("#say", "Once upon a time");
        await page.PressAsync("#say", "Enter");
        HeldAnswer answer = await held.NextAsync();
        answer.Let(8);
        await page.WaitForSelectorAsync(".answer .token");
        await page.ReloadAsync();
        await page.WaitForSelectorAsync("#stop");

        // So many tokens are not in the eight events that came before.
        answer.Let(24);
        await visitor.UntilAsync("document.querySelectorAll('.answer .token').length > 16");

        // Somebody else sees nothing of it, and is answered beside it.
        Assert.Equal(0, await second.Page.Locator(".turn").CountAsync());
        await second.Page.FillAsync("#say", "The little dog");
        await second.Page.PressAsync("#say", "Enter");
        (await held.NextAsync()).Let(4);
        await second.Page.WaitForSelectorAsync(".answer .token");
        await second.Page.ClickAsync("#stop");
        await second.Page.WaitForSelectorAsync("#say-send");
        Assert.Equal(1, await page.Locator("#stop").CountAsync());
        await page.ClickAsync("#stop");
        await page.WaitForSelectorAsync("#say-send");
        Assert.Contains("Stopped", await page.InnerTextAsync(".answer"));
        visitor.IsContent();
        second.IsContent();
    }

    [BrowserFact]
    public async Task What_a_model_says_is_never_run()
    {
        const string Evil = "<script>window.ran = 1</script><img src=x onerror=\"window.ran = 1\"> "
            + "[click](javascript:window.ran=1) ![picture](http://evil.example/x.png) **bold** `code`\n\n<iframe "
            + "src='http://evil.example'></iframe>";
        await using Visitor visitor = await fixture.VisitAsync();
        IPage page = visitor.Page;
        string browser = await visitor.BrowserIdAsync();
        ChatConversation conversation = fixture.Server.Services.GetRequiredService<ConversationStore>().Begin(browser);
        var settings = new ChatSettings { Model = "stories" };
        ChatTurn asked = conversation.Add(null, isAnswer: false, settings);
        asked.Say(Evil);
        ChatTurn answer = conversation.Add(asked, isAnswer: true, settings);
        answer.Force([new ChatToken(1, Evil, null, [])]);
        answer.End(ChatState.Done);
        conversation.Tell();
        await page.ReloadAsync();
        foreach (string view in (string[])[".answer .tokens", ".answer .markdown"])
        {
            await page.WaitForSelectorAsync(view);
            Assert.Contains("<script>window.ran = 1</script>", await page.InnerTextAsync(view));
            Assert.Equal(0, await page.Locator("article :is(script, img, iframe, a[href^='javascript'])").CountAsync());
            await page.ClickAsync("#show-tokens");
        }

        Assert.False(await page.EvaluateAsync<bool>("() => 'ran' in window"));
        visitor.IsContent();
    }

    [BrowserTheory]
    [InlineData("context", "")]
    [InlineData("gone", "gone")]
    [InlineData("task", "fill")]
    public async Task What_the_server_refuses_is_said_and_nothing_is_lost(string what, string model)
    {
        await using Visitor visitor = await fixture.VisitAsync();
        IPage page = visitor.Page;
        if (model.Length > 0)
        {
            string browser = await visitor.BrowserIdAsync();
            ChatConversation conversation = fixture.Server.Services.GetRequiredService<ConversationStore>().Begin(browser);
            ChatTurn said = conversation.Add(null, isAnswer: true, new ChatSettings { Model = model });
            said.End(ChatState.Done);
            conversation.Tell();
            await page.ReloadAsync();
            await page.WaitForSelectorAsync("#say-send");
        }

        string text = what == "context" ? string.Join(' ', Enumerable.Repeat("mouse", 400)) : "Once";
        await visitor.SayAsync(text);
        string told = await page.InnerTextAsync(".answer .failure");
        Assert.Contains(what switch
        {
            "context" => "256 is the most",
            "gone" => "There is no model gone here",
            _ => "fill",
        }, told);
        Assert.Equal(2, told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(text, await page.InnerTextAsync(".turn.asked .said"));
        Assert.Equal(1, await page.Locator("button[aria-label='Edit, and ask again']").CountAsync());
        await visitor.IsAccessibleAsync();
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Odd_texts_are_answered()
    {
        await using Visitor visitor = await fixture.VisitAsync();
        await SetAsync(visitor.Page, "max-tokens", "3");
        await visitor.SayAsync("a");
        await visitor.SayAsync(new string('x', 150));
        Assert.Equal(0, await visitor.Page.Locator(".failure").CountAsync());
        await visitor.FitsAsync();
        await visitor.Page.EvaluateAsync("() => document.getElementById('say').value = 'x'.repeat(1000001)");
        await visitor.Page.ClickAsync("#say-send");
        await visitor.UntilAsync("document.getElementById('say-wrong').innerText.includes('1,000,001')");
        Assert.Equal(1000001, await visitor.Page.EvaluateAsync<int>("() => document.getElementById('say').value.length"));
        visitor.IsContent();
    }

    private static async Task SetAsync(IPage page, string setting, string value)
    {
        await page.FillAsync($"#{setting}", value);
        await page.PressAsync($"#{setting}", "Tab");
    }

    private static async Task<int[]> GreedyAsync(LanguageModel model, int[] prompt, int most)
    {
        GenerationRequest request = model.Request("x") with
        {
            Prompt = prompt,
            Sampling = new() { Temperature = 0 },
            MaxNewTokens = most,
        };
        GenerationResult result = await model.Engine.Submit(request).Completion;
        return [.. result.Choices[0].TokenIds];
    }
}
