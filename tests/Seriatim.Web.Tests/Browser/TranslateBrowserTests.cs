using System.Globalization;
using Microsoft.Playwright;

namespace Seriatim.Web.Tests;

/// <summary>Translation in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class TranslateBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task A_text_is_translated_with_hypotheses_alignment_and_passes()
    {
        await using Visitor visitor = await fixture.VisitAsync("translate");
        IPage page = visitor.Page;
        await page.EvaluateAsync("() => { const box = document.getElementById('beams'); box.value = 6; "
            + "box.dispatchEvent(new Event('input', { bubbles: true })); }");
        await page.FillAsync("#source", "我爱学习");
        await page.PressAsync("#source", "Enter");
        await page.WaitForSelectorAsync(".refined");

        // What the library says of the same text.
        using Translator translator = await Translator.OpenAsync("zh-en");
        string best = await translator.TranslateAsync("我爱学习", new TranslationOptions { Beams = 6 });
        Assert.Equal(best, await page.InnerTextAsync("#translation"));
        Assert.Equal(6, await page.Locator(".hypotheses li").CountAsync());
        TranslationAlignment alignment = await translator.AlignAsync("我爱学习", best);
        IReadOnlyList<string> cells = await page.Locator(".alignment tbody td").AllInnerTextsAsync();
        string[] expected = [.. alignment.Weights.SelectMany(row => row)
            .Select(weight => weight >= 0.1 ? (weight * 100).ToString("0", CultureInfo.InvariantCulture) : "")];
        Assert.Equal(expected, cells);
        Assert.Equal(alignment.Target.Count, await page.Locator(".alignment th[scope=row]").CountAsync());
        Assert.Equal(alignment.Source.Count, await page.Locator(".alignment th[scope=col]").CountAsync());
        using Translator other = await Translator.OpenAsync("zh-en-nar");
        Assert.Equal(await other.TranslateAsync("我爱学习", new TranslationOptions { Iterations = 4 }),
            await page.InnerTextAsync("#beside-translation"));

        // Who wants no motion gets the last pass, and goes back to the first by hand.
        Assert.Equal("4", await page.GetAttributeAsync(".refined", "data-pass"));
        await page.FocusAsync("#refine-pass");
        await page.PressAsync("#refine-pass", "Home");
        await page.WaitForSelectorAsync(".refined[data-pass='1']");
        await visitor.ShowAsync("translate");
        await visitor.SpeakAsync("翻译");

        // Another hypothesis is looked at, and the best one is translated back.
        await page.ClickAsync(".hypotheses li:nth-child(2) button");
        await visitor.UntilAsync("document.querySelector('#translation').innerText === "
            + "document.querySelector('.hypotheses li:nth-child(2) .words').innerText");
        await page.ClickAsync(".hypotheses li:nth-child(1) button");
        await visitor.UntilAsync("document.querySelector('.hypotheses li:nth-child(1) button').ariaPressed === 'true'");
        await page.ClickAsync("#swap");
        await visitor.UntilAsync("/[\\u4e00-\\u9fff]/.test(document.querySelector('#translation')?.innerText ?? '')");
        Assert.Equal(best, await page.InputValueAsync("#source"));
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task What_cannot_be_translated_is_said_and_stays()
    {
        await using Visitor visitor = await fixture.VisitAsync("translate");
        IPage page = visitor.Page;
        string text = string.Concat(Enumerable.Repeat("我爱学习。", 100));
        await page.FillAsync("#source", text);
        await page.PressAsync("#source", "Enter");
        await page.WaitForSelectorAsync(".failure");
        Assert.Contains("tokens", await page.InnerTextAsync(".failure"));
        Assert.Equal(text, await page.InputValueAsync("#source"));
        await page.SelectOptionAsync("#model", "stories");
        await page.FillAsync("#source", "我");
        await page.PressAsync("#source", "Enter");
        await visitor.UntilAsync("document.querySelector('.failure')?.innerText.includes('does not translate')");
        await page.SelectOptionAsync("#model", "zh-en");
        await page.PressAsync("#source", "Enter");
        await page.WaitForSelectorAsync("#translation");
        Assert.Equal(0, await page.Locator(".failure").CountAsync());
        visitor.IsContent();
    }
}
