using Bunit;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Seriatim.Web.Calls;
using Seriatim.Web.Chat;
using Seriatim.Web.Shell;
using Seriatim.Web.Texts;
using Seriatim.Web.Translate;

namespace Seriatim.Web.Tests;

/// <summary>Components by themselves.</summary>
public sealed class ComponentTests : BunitContext
{
    private readonly PageSession _session = new();

    public ComponentTests()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices();
        Services.AddSingleton(_session);
    }

    [Fact]
    public void A_token_says_how_probable_it_was_and_what_nobody_sees_has_a_sign()
    {
        ChatToken[] tokens =
            [Token(1, " the", 0.95), Token(2, "\n", 0.25), new(3, "x", null, [], IsForced: true), Token(4, "", 0.01)];
        IRenderedComponent<TokenRun> run = Draw<TokenRun>(parameters => parameters
            .Add(one => one.Tokens, new ArraySegment<ChatToken>(tokens)).Add(one => one.Chosen, 1));
        var spans = run.FindAll("span");
        Assert.Equal([" the, 95 %", "⏎, 25 %", "x, chosen by you", "∅, 1 %"],
            spans.Select(span => span.GetAttribute("aria-label")));
        Assert.Equal(["token sure5", "token sure2 chosen line", "token forced", "token sure0 part"],
            spans.Select(span => span.ClassName!.Trim()));
        Assert.Equal("0", spans[0].GetAttribute("tabindex"));
        Assert.All(spans.Skip(1), span => Assert.Equal("-1", span.GetAttribute("tabindex")));
        _session.Speak(Language.Chinese);
        run.Render(parameters => parameters.Add(one => one.Tokens, new ArraySegment<ChatToken>(tokens)));
        Assert.Equal("x，由您选定", run.FindAll("span")[2].GetAttribute("aria-label"));
    }

    [Fact]
    public void Alternatives_are_chosen_unless_an_answer_runs()
    {
        ChatToken token = Token(1, "a", 0.5) with { Top = [new(7, " b", Math.Log(0.4)), new(1, "a", Math.Log(0.5))] };
        ChatAlternative? chosen = null;
        IRenderedComponent<TokenPanel> panel = Draw<TokenPanel>(parameters => parameters
            .Add(one => one.Token, token).Add(one => one.GoOn, other => chosen = other));
        panel.Find("[data-token='7']").Click();
        Assert.Equal(7, chosen?.Id);
        Assert.Contains("40.0 %", panel.Markup);
        panel.Render(parameters => parameters.Add(one => one.IsBusy, true));
        Assert.All(panel.FindAll(".alternatives button"), button => Assert.True(button.HasAttribute("disabled")));
    }

    [Theory]
    [InlineData(404, "model_not_found", "Choose another model above.")]
    [InlineData(404, null, "Choose another model above.")]
    [InlineData(400, "context_length_exceeded", "shorten or edit")]
    [InlineData(503, "queue_full", "Try again in a moment.")]
    public void A_failure_says_what_to_do(int status, string? code, string hint)
    {
        IRenderedComponent<Failure> failure =
            Draw<Failure>(parameters => parameters.Add(one => one.What, new ApiFailure(status, code, "The server's <words>.")));
        Assert.Contains(hint, failure.Markup);
        Assert.Contains("The server's <words>.", failure.Find(".failure").TextContent);
    }

    [Fact]
    public void What_broke_without_a_message_for_people_shows_none_of_its_insides()
    {
        IRenderedComponent<Failure> failure = Draw<Failure>(parameters =>
            parameters.Add(one => one.What, new InvalidOperationException("secret")));
        Assert.DoesNotContain("secret", failure.Markup);
        Assert.Contains("please report it", failure.Markup);
    }

    [Fact]
    public void Hints_are_there_in_both_languages() =>
        Assert.All(FailureHints.All, text => Assert.True(text.English.Length > 0 && text.Chinese.Length > 0));

    private static readonly Refinement[] Passes =
    [
        new(1, 2, [new("", 1, false), new("I", 0.9, false), new(" lov", 0.2, true)]),
        new(2, 2, [new("", 1, false), new("I", 0.9, false), new(" love", 0.8, false)]),
    ];

    [Fact]
    public void Passes_show_what_is_masked_and_end_with_the_last()
    {
        IRenderedComponent<RefinementView> view = Draw<RefinementView>(parameters => parameters
            .Add(one => one.Steps, Passes).Add(one => one.Beat, TimeSpan.FromHours(1)));
        Assert.Equal("I lov", TextOf(view));
        Assert.Equal(" lov", view.Find(".masked").TextContent);
        view.Find("#refine-pass").Input("2");
        Assert.Equal("I love", TextOf(view));
        Assert.Empty(view.FindAll(".masked"));
    }

    [Fact]
    public void Passes_play_by_themselves_and_end_with_the_last()
    {
        IRenderedComponent<RefinementView> view = Draw<RefinementView>(parameters => parameters
            .Add(one => one.Steps, Passes).Add(one => one.Beat, TimeSpan.FromMilliseconds(1)));
        view.WaitForAssertion(() => Assert.Equal("I love", TextOf(view)), TimeSpan.FromMinutes(1));
        view.WaitForAssertion(() => Assert.Equal("Play", view.Find("#refine-play").GetAttribute("aria-label")),
            TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Passes_stand_still_for_who_wants_no_motion()
    {
        JSInterop.Setup<bool>("seriatim.isCalm").SetResult(true);
        IRenderedComponent<RefinementView> view = Draw<RefinementView>(parameters => parameters
            .Add(one => one.Steps, Passes).Add(one => one.Beat, TimeSpan.FromMilliseconds(1)));
        Assert.Equal("I love", TextOf(view));
        Assert.Equal("Play", view.Find("#refine-play").GetAttribute("aria-label"));
    }

    private static string TextOf(IRenderedComponent<RefinementView> view) =>
        string.Concat(view.FindAll(".refined-token").Select(token => token.TextContent));

    private IRenderedComponent<T> Draw<T>(Action<ComponentParameterCollectionBuilder<T>> parameters)
        where T : PageComponent => Render<T>(builder =>
        {
            builder.AddCascadingValue(_session);
            parameters(builder);
        });

    private static ChatToken Token(int id, string text, double probability) => new(id, text, Math.Log(probability), []);
}
