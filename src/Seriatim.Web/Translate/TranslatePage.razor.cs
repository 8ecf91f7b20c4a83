using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Seriatim.Web.Calls;
using Seriatim.Web.Shell;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Translate;

/// <summary>
/// The view that translates: through the API as everybody, and beside it what only the library tells (alignment, passes).
/// </summary>
public sealed partial class TranslatePage
{
    private const string ModelKey = "seriatim-translator", BuiltInFiller = "zh-en-nar";

    private IReadOnlyList<ModelEntry> _models = [];
    private string _model = "", _direction = "", _beside = "", _source = "";
    private int _beams = 4, _passes = 4, _shown;
    private TranslatorFacts? _facts;
    private IReadOnlyList<TranslatedText> _found = [];
    private TranslatedText? _besideText;
    private TranslationAlignment? _alignment;
    private IReadOnlyList<Refinement> _steps = [];
    private Exception? _failure, _besideFailure;
    private PromptBox? _box;
    private CancellationTokenSource? _running;

    private TranslationOptions Languages => _facts?.Directions.FirstOrDefault(one => KeyOf(one) == _direction) is { } chosen
        ? new TranslationOptions { From = chosen.From, To = chosen.To } : new TranslationOptions();

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        try
        {
            _models = await ModelEntry.AllAsync(Api);
            string? kept = await Js.InvokeAsync<string?>("seriatim.stored", ModelKey);
            _model = (_models.FirstOrDefault(one => one.Name == kept) ?? _models.FirstOrDefault(one => one.Name == "zh-en")
                ?? _models.FirstOrDefault())?.Name ?? "";
            _beside = _models.FirstOrDefault(one => one.Name == BuiltInFiller)?.Name ?? "";
            if (_models.Any(one => one.Name == _model && one.IsLoaded))
                _facts = await Inside.FactsAsync(_model, CancellationToken.None);
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }
    }

    private async Task TranslateAsync()
    {
        if (_running is not null)
            return;
        using var running = new CancellationTokenSource();
        _running = running; // Before anything is waited for: a second press of Enter begins no second one.
        try
        {
            if (await _box!.ReadAsync() is not { } text || text.Trim().Length == 0)
                return;
            (_failure, _besideFailure, _found, _alignment, _steps, _besideText, _source, _shown) =
                (null, null, [], null, [], null, text, 0);
            StateHasChanged();
            _facts = await Inside.FactsAsync(_model, running.Token);
            _found = TranslatedText.Read(await Api.PostAsync("v1/translate", Request(_model, text), running.Token));
            StateHasChanged();
            _alignment = await AlignAsync(running.Token);
            StateHasChanged();
            await RefineAsync();
        }
        catch (OperationCanceledException)
        {
            // Somebody stopped it; what was found stays.
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }
        finally
        {
            _running = null;
        }
    }

    /// <summary>The request of the text; whoever fills in whole translations has passes in place of beams.</summary>
    private JsonObject Request(string model, string text)
    {
        var body = new JsonObject { ["model"] = model, ["text"] = text };
        if (_facts is { FillsIn: true })
            body["iterations"] = _passes;
        else
        {
            body["beams"] = _beams;
            body["n"] = Math.Min(_beams, 8);
        }

        TranslationOptions languages = Languages;
        if (languages.From is not null)
            (body["from"], body["to"]) = (languages.From, languages.To);
        return body;
    }

    private async Task<TranslationAlignment?> AlignAsync(CancellationToken stop) =>
        _found[_shown].Text.Length == 0 ? null
            : await Inside.AlignAsync(_model, _source, _found[_shown].Text, Languages, stop);

    private async Task ShowAsync(int index)
    {
        _shown = index;
        try
        {
            _alignment = await AlignAsync(CancellationToken.None);
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }
    }

    /// <summary>Translates the same text with the other model: pass by pass, where it fills in whole translations.</summary>
    private async Task RefineAsync()
    {
        (_besideFailure, _besideText, _steps) = (null, null, []);
        if (_beside.Length == 0 || _source.Trim().Length == 0)
            return;
        CancellationToken stop = _running?.Token ?? CancellationToken.None;
        try
        {
            TranslatorFacts facts = await Inside.FactsAsync(_beside, stop);
            var body = new JsonObject { ["model"] = _beside, ["text"] = _source };
            TranslationOptions options = facts.Directions.Count > 0 ? Languages : new TranslationOptions();
            if (options.From is not null)
                (body["from"], body["to"]) = (options.From, options.To);
            if (facts.FillsIn)
                body["iterations"] = _passes;
            _besideText = TranslatedText.Read(await Api.PostAsync("v1/translate", body, stop))[0];
            if (facts.FillsIn)
                _steps = await Inside.RefineAsync(_beside, _source, options with { Iterations = _passes }, stop);
        }
        catch (SeriatimException failure)
        {
            _besideFailure = failure;
        }
    }

    private async Task BesideAsync(string model)
    {
        _beside = model;
        await RefineAsync();
    }

    /// <summary>Translates the translation back.</summary>
    private async Task SwapAsync()
    {
        await _box!.WriteAsync(_found[_shown].Text);
        if (_facts?.Directions.FirstOrDefault(one => KeyOf(one) == _direction) is { } now)
        {
            _direction = _facts.Directions.Where(one => one.From == now.To && one.To == now.From).Select(KeyOf)
                .FirstOrDefault("");
        }

        await TranslateAsync();
    }

    private async Task ChooseAsync(string model)
    {
        (_model, _facts, _direction, _failure) = (model, null, "", null);
        await Js.InvokeVoidAsync("seriatim.store", ModelKey, model);
    }

    private string Width(TranslatedText text) => text.Score is { } score && _found[0].Score is { } best
        ? FormattableString.Invariant($"{Math.Clamp(Math.Exp(score - best) * 100, 0, 100):0.#}%") : "0";

    private static string KeyOf(TranslationDirection direction) => $"{direction.From}>{direction.To}";

    private static Text LanguageName(string code) => code switch
    {
        "zh" => TranslateTexts.Chinese,
        "en" => TranslateTexts.English,
        _ => new Text(code, code),
    };

    private static int Whole(ChangeEventArgs args) => int.Parse($"{args.Value}", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Dispose() => _running?.Cancel();
}
