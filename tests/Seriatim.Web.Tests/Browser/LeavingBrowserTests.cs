using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Server;
using Seriatim.Tests;
using Seriatim.Web.Chat;
using Seriatim.Web.Lab;
using Seriatim.Web.Shell;
using Seriatim.Web.Training;

namespace Seriatim.Web.Tests;

/// <summary>What is left behind by views that were closed: nothing that grows with those who come and go.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class LeavingBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task Views_that_were_left_hear_of_nothing_any_more_and_models_are_free_again()
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        LabWork lab = server.Services.GetRequiredService<LabWork>();
        TrainingWork training = server.Services.GetRequiredService<TrainingWork>();
        await using Visitor visitor = await fixture.VisitAsync("microscope", server: server);
        await visitor.UntilAsync("document.getElementById('scope-read')?.disabled === false");
        foreach (PageView view in PageViews.All.Where(view => view.Route is not "/microscope"))
        {
            await visitor.Page.ClickAsync($"nav a[href='{(view.Route == "/" ? "" : view.Route[1..])}']");
            await visitor.UntilAsync($"document.querySelector('h1')?.innerText === '{view.Name.English}'");
        }

        string browser = await visitor.BrowserIdAsync();
        ChatConversation conversation = server.Services.GetRequiredService<ConversationStore>().Of(browser)[0];
        ServedModel stories = server.Services.GetRequiredService<ServerCore>().Models.Find("stories");
        await UntilAsync("a view still hears of what changes", () =>
            HearersOf(lab) + HearersOf(training) + HearersOf(conversation) == 0);
        await UntilAsync("the microscope still holds its model", () => stories.Status.Leases == 0);
        visitor.IsContent();
    }

    private static int HearersOf<T>(T of)
        where T : class => ((Action?)typeof(T).GetField("Changed", BindingFlags.Instance | BindingFlags.NonPublic)!
            .GetValue(of))?.GetInvocationList().Length ?? 0;

    private static async Task UntilAsync(string what, Func<bool> holds)
    {
        for (int i = 0; !holds(); i++)
        {
            Assert.True(i < Visitor.Patience * 50, what);
            await Task.Delay(20);
        }
    }
}
