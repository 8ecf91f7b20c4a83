using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;
using Seriatim.Web.Calls;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Chat;

/// <summary>The view that talks. Conversations and answers live in the server; the page only shows them.</summary>
public sealed partial class ChatPage
{
    private const string BrowserKey = "seriatim-browser", ModelKey = "seriatim-model", SettingsKey = "seriatim-settings";

    /// <summary>How often a running answer is drawn anew, at most.</summary>
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(60);

    private static readonly (int Sure, string From)[] Steps =
        [(5, "≥ 90 %"), (4, "≥ 60 %"), (3, "≥ 30 %"), (2, "≥ 10 %"), (1, "≥ 2 %"), (0, "< 2 %")];

    private string _browser = "";
    private ChatConversation? _conversation;
    private IReadOnlyList<ChatConversation> _others = [];
    private IReadOnlyList<ModelEntry> _models = [];
    private ChatSettings _settings = new();
    private ModelFacts? _facts;
    private Exception? _failure;
    private PromptBox? _box;
    private bool _showsTokens = true, _sideOpen;
    private int _isDrawing;

    private IEnumerable<string> Examples => _facts is { HasTemplate: true } ? [L[ChatTexts.Example1], L[ChatTexts.Example2]]
        : ["Once upon a time", "The little dog", "Lily and Tom went to the park"];

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        try
        {
            string? kept = await Js.InvokeAsync<string?>("seriatim.stored", BrowserKey);
            _browser = ConversationStore.IsId(kept) ? kept! : ConversationStore.NewId();
            if (_browser != kept)
                await Js.InvokeVoidAsync("seriatim.store", BrowserKey, _browser);
            _sideOpen = await Js.InvokeAsync<bool>("seriatim.isWide");
            Show(Store.Of(_browser) is [ChatConversation last, ..] ? last : Store.Begin(_browser));
            _models = await ModelEntry.AllAsync(Api);
            await SettleAsync(_conversation!.Path.LastOrDefault(turn => turn.IsAnswer)?.Settings);
            if (_models.Any(one => one.Name == _settings.Model && one.IsLoaded))
                _facts = await ModelFacts.OfAsync(Api, _settings.Model);
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_conversation?.IsRunning != true)
            return;
        try
        {
            await Js.InvokeVoidAsync("seriatim.follow");
        }
        catch (JSDisconnectedException)
        {
            // The connection is lost for now; the answer goes on, and is there when the page comes back.
        }
    }

    private async Task SendAsync()
    {
        if (await _box!.ReadAsync() is not { } text || text.Length == 0)
            return;
        if (!Say(_conversation!.Path.LastOrDefault(), text))
            return;
        await _box.ClearAsync();
        await _box.FocusAsync();
    }

    /// <summary>Says something after a turn, and has it answered; false: it was not.</summary>
    private bool Say(ChatTurn? after, string text)
    {
        _failure = null;
        if (_conversation!.IsRunning)
            return false;
        if (Store.IsFull(_conversation))
        {
            _failure = new ApiFailure(400, "conversation_full", L[ChatTexts.Full]);
            return false;
        }

        ChatTurn turn = _conversation.Add(after, isAnswer: false, _settings);
        turn.Say(text);
        Ask(turn);
        return true;
    }

    private void Ask(ChatTurn turn)
    {
        Runner.Answer(Api, _conversation!, turn, _settings);
        _ = LearnAsync();
    }

    private void GoOn(ChatTurn turn, int place, ChatAlternative other) =>
        Runner.GoOn(Api, _conversation!, turn, place, other);

    /// <summary>Asks what the model is; it is being opened anyway.</summary>
    private async Task LearnAsync()
    {
        if (_facts is not null)
            return;
        try
        {
            _facts = await ModelFacts.OfAsync(Api, _settings.Model);
            await InvokeAsync(StateHasChanged);
        }
        catch (ApiFailure)
        {
            // The answer that was asked for tells it.
        }
    }

    private async Task ChooseAsync(string model)
    {
        (_settings, _facts, _failure) = (_settings with { Model = model }, null, null);
        await Js.InvokeVoidAsync("seriatim.store", ModelKey, model);
        if (_models.Any(one => one.Name == model && one.IsLoaded))
            await LearnAsync();
    }

    /// <summary>Settings are what was set last in this browser, else those of the conversation; the model likewise.</summary>
    private async Task SettleAsync(ChatSettings? before)
    {
        string? model = await Js.InvokeAsync<string?>("seriatim.stored", ModelKey);
        ChatSettings? kept = ChatSettings.Read(await Js.InvokeAsync<string?>("seriatim.stored", SettingsKey));
        _settings = (kept ?? before ?? new ChatSettings()) with
        {
            Model = _models.Any(one => one.Name == model) ? model! : before?.Model ?? ModelEntry.Choose(_models, model),
        };
    }

    private async Task KeepAsync(ChatSettings settings)
    {
        _settings = settings;
        await Js.InvokeVoidAsync("seriatim.store", SettingsKey, settings.Write());
    }

    private void BeginAsync()
    {
        _failure = null;
        Show(Store.Begin(_browser));
    }

    private void OpenAsync(ChangeEventArgs args)
    {
        if (Store.Of(_browser).FirstOrDefault(one => one.Id == $"{args.Value}") is { } chosen)
            Show(chosen);
    }

    private void Show(ChatConversation conversation)
    {
        if (_conversation is not null)
            _conversation.Changed -= Draw;
        _conversation = conversation;
        _others = Store.Of(_browser);
        conversation.Changed += Draw;
    }

    /// <summary>Draws what is new, some times a second however fast tokens come.</summary>
    private void Draw()
    {
        if (Interlocked.Exchange(ref _isDrawing, 1) != 0)
            return;
        _ = InvokeAsync(async () =>
        {
            await Task.Delay(Frame);
            Volatile.Write(ref _isDrawing, 0);
            _others = Store.Of(_browser);
            StateHasChanged();
        });
    }

    private (int Tokens, int Most)? Used(IReadOnlyList<ChatTurn> path)
    {
        if (_facts is not { Context: > 0 } || path.LastOrDefault(turn => turn.IsAnswer) is not { } last)
            return null;
        int tokens = last.Figures is { } figures ? figures.Prompt + figures.Output
            : (last.PromptIds?.Count ?? 0) + last.TokenCount;
        return (tokens, _facts.Context);
    }

    private async Task ExportAsync()
    {
        try
        {
            _facts ??= await ModelFacts.OfAsync(Api, _settings.Model);
        }
        catch (ApiFailure failure)
        {
            _failure = failure;
            return;
        }

        IReadOnlyList<ChatTurn> path = _conversation!.Path;
        ChatTurn? answer = path.LastOrDefault(turn => turn.IsAnswer);
        IReadOnlyList<ChatTurn> said = answer is null ? path : ChatConversation.Before(answer);
        ChatSettings settings = answer?.Settings ?? _settings;
        (string address, JsonObject body) = answer is { Forced: > 0, PromptIds: { } ids }
            ? (ChatRequests.Text, ChatRequests.OfIds(settings,
                ids.Concat(answer.Tokens.Take(answer.Forced).Select(token => token.Id)), answer.Forced))
            : _facts.HasTemplate ? (ChatRequests.Chat, ChatRequests.OfChat(settings, said))
            : (ChatRequests.Text, ChatRequests.OfText(settings, said));
        var parameters = new DialogParameters<ExportDialog>
        {
            { dialog => dialog.Markdown, ChatExport.Markdown(path, L[ChatTexts.You]) },
            { dialog => dialog.Curl, ChatExport.Curl(Navigation.BaseUri, address, body, L.Key is not null) },
        };
        var size = new DialogOptions { MaxWidth = MaxWidth.Medium, FullWidth = true };
        await Dialogs.ShowAsync<ExportDialog>(null, parameters, size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_conversation is not null)
            _conversation.Changed -= Draw;
    }
}
