using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.JSInterop;
using Seriatim.Web.Calls;
using Seriatim.Web.Shell;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Engine;

/// <summary>
/// The engine, live or out of a trace. It asks for frames only while it is open, two a second; the drawings are made in the
/// browser from the lines as they are, so that the server does little more than pass them on.
/// </summary>
public sealed partial class EnginePage
{
    /// <summary>Time between two frames: a browser on the engine's own machine draws with the engine's processors.</summary>
    private const int IntervalMilliseconds = 500;

    private readonly EnginePicture _picture = new();
    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<ModelEntry> _models = [];
    private string _model = "";
    private ElementReference _root;
    private IJSObjectReference? _module;
    private IJSObjectReference? _drawing;
    private CancellationTokenSource? _following;
    private Exception? _failure;
    private SaidException? _said;
    private bool _isPaused;
    private bool _isRecording;
    private EngineTrace? _recorded;
    private EngineTrace? _trace;
    private string _traceName = "";
    private int _place;
    private EngineLoad? _load;
    private CancellationTokenSource? _loading;
    private int _loadRequests = 8;
    private int _loadTokens = 64;
    private Language _spoken;
    private int _attempts;

    [Inject]
    private PageApi Api { get; set; } = null!;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        _following?.Cancel();
        _loading?.Cancel();
        try
        {
            if (_drawing is not null)
            {
                await _drawing.InvokeVoidAsync("stop");
                await _drawing.DisposeAsync();
            }

            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The browser has gone, and its drawings with it.
        }
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _ = WatchSilosAsync(_left.Token);
        try
        {
            _models = await ModelEntry.AllAsync(Api, _left.Token);
            _model = ModelEntry.Choose(_models, _models.FirstOrDefault(model => model.IsLoaded)?.Name);
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _spoken = L.Language;
            _module = await Js.InvokeAsync<IJSObjectReference>("import", $"./{PageAssets.Of("engine.js")}");
            _drawing = await _module.InvokeAsync<IJSObjectReference>("start", _root, Words());
        }
        else if (_spoken != L.Language && _drawing is not null)
        {
            _spoken = L.Language;
            await _drawing.InvokeVoidAsync("speak", Words());
        }

        if (_drawing is not null && _following is null && _model.Length > 0 && _failure is null && _trace is null)
            Follow();
    }

    private Dictionary<string, string> Words() => new()
    {
        ["lanes"] = L[EngineTexts.Lanes],
        ["hint"] = L[EngineTexts.Hint],
        ["map"] = L[EngineTexts.Map],
        ["cell"] = L[EngineTexts.Cell],
        ["step"] = L[EngineTexts.Step],
        ["plan"] = L[EngineTexts.Plan],
        ["pass"] = L[EngineTexts.Pass],
        ["pick"] = L[EngineTexts.Pick],
        ["prompt"] = L[EngineTexts.Prompt],
        ["decode"] = L[EngineTexts.Decode],
        ["again"] = L[EngineTexts.Again],
        ["source"] = L[EngineTexts.Source],
        ["whole"] = L[EngineTexts.Whole],
        ["drafts"] = L[EngineTexts.DraftsShort],
        ["preempted"] = L[EngineTexts.Preempted],
    };

    private void Follow()
    {
        _following = CancellationTokenSource.CreateLinkedTokenSource(_left.Token);
        _ = FollowAsync(_following.Token);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["model"] = _model, ["frames"] = 10_000_000, ["interval_ms"] = IntervalMilliseconds };
        try
        {
            await foreach (JsonElement line in Api.StreamAsync("v1/engine/watch", body, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested(); // Nothing of an engine that was left comes after it.
                string text = line.GetRawText();
                EngineLine read = EngineLine.Read(text);
                if (_isRecording)
                    Keep(text, read);
                if (_isPaused)
                    continue;
                await ShowAsync([text], [read], cancellationToken);
                StateHasChanged();
            }

            _said = new SaidException(EngineTexts.Lost);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (JSDisconnectedException)
        {
            return;
        }
        catch (Exception failure) when (failure is SeriatimException or IOException or HttpRequestException)
        {
            _failure = failure as SeriatimException ?? new ApiFailure(0, null, failure.Message);
        }
        catch (Exception defect)
        {
            await DispatchExceptionAsync(defect);
            return;
        }

        StateHasChanged();
    }

    private async Task ShowAsync(IReadOnlyList<string> lines, IReadOnlyList<EngineLine> read, CancellationToken cancellationToken)
    {
        foreach (EngineLine line in read)
            _picture.Add(line);
        if (_drawing is null)
            return;
        if (read.Any(line => line.Object is EngineLine.Opened or EngineLine.Closed))
            await _drawing.InvokeVoidAsync("clear", cancellationToken);
        if (read.Any(line => line.Object == EngineLine.Frame))
            await _drawing.InvokeVoidAsync("add", cancellationToken, lines);
    }

    private async Task ChooseAsync(string model)
    {
        _model = model; // Before anything is waited for: whoever follows next follows this one.
        await StopFollowingAsync();
    }

    private async Task StopFollowingAsync()
    {
        if (_following is not null)
            await _following.CancelAsync();
        _following = null;
        (_failure, _said) = (null, null);
        _picture.Clear();
        if (_drawing is not null)
            await _drawing.InvokeVoidAsync("clear");
    }

    private Task FollowAgain() => StopFollowingAsync();

    private void Pause() => _isPaused = !_isPaused;

    private void Record()
    {
        (_recorded, _isRecording, _said) = (new EngineTrace(), true, null);

        // A trace says first what the engine is, which the stream told when it began.
        if (_picture.Head is { } head)
            _recorded.Add(JsonSerializer.Serialize(head, EngineJson.Default.EngineLine));
    }

    private void Keep(string line, EngineLine read)
    {
        // Before there is an engine nothing happens, and a trace that does not say first what the engine is cannot be read.
        if (_recorded!.Lines.Count == 0 && read.Object != EngineLine.Opened)
            return;
        _recorded.Add(line);
        if (!_recorded.IsFull)
            return;
        StopRecording();
        _said = new SaidException(EngineTexts.TraceFull, Numbers.Bytes(_recorded.Bytes));
    }

    private void StopRecording() => _isRecording = false;

    private async Task DownloadAsync()
    {
        using var stream = new DotNetStreamReference(_recorded!.ToStream());
        string name = string.Concat($"engine-{_model}".Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '-'));
        await _module!.InvokeVoidAsync("save", $"{name}.jsonl", stream);
    }

    private async Task LoadAsync()
    {
        _said = null;
        (_loadRequests, _loadTokens) = (Math.Clamp(_loadRequests, 1, 64), Math.Clamp(_loadTokens, 1, 4096));
        _loading = CancellationTokenSource.CreateLinkedTokenSource(_left.Token);
        _load = new EngineLoad(Api);
        try
        {
            await _load.RunAsync(_model, _loadRequests, _loadTokens, _loading.Token);
        }
        catch (OperationCanceledException)
        {
            // By its button, or because the view was left.
        }
        catch (SeriatimException failure)
        {
            _said = new SaidException(EngineTexts.LoadFailed, failure.Message);
        }

        _load = null;
    }

    private void StopLoad() => _loading?.Cancel();

    private async Task OpenAsync(InputFileChangeEventArgs args)
    {
        _said = null;
        IBrowserFile file = args.File;
        try
        {
            if (file.Size > EngineTrace.MostBytes)
            {
                throw new SaidException(EngineTexts.TraceTooLong, file.Name, Numbers.Bytes(file.Size),
                    Numbers.Bytes(EngineTrace.MostBytes));
            }

            await using Stream stream = file.OpenReadStream(EngineTrace.MostBytes, _left.Token);
            EngineTrace trace = await EngineTrace.ReadAsync(stream, _left.Token);
            (_trace, _traceName, _isPaused, _isRecording) = (trace, file.Name, true, false);
            await StopFollowingAsync();
            await ShowUpToAsync(trace.Lines.Count);
        }
        catch (SaidException failure)
        {
            _said = failure;
        }
        catch (Exception failure) when (failure is IOException or JSException or TimeoutException)
        {
            _said = new SaidException(EngineTexts.NotRead, file.Name, failure.Message);
        }

        // Another element: browsers do not tell that the same file was chosen again.
        _attempts++;
    }

    private Task SeekAsync(ChangeEventArgs args) =>
        int.TryParse($"{args.Value}", CultureInfo.InvariantCulture, out int place) ? ShowUpToAsync(place) : Task.CompletedTask;

    /// <summary>Shows the trace as it stood after so many lines: what came long before is not seen any more.</summary>
    private async Task ShowUpToAsync(int place)
    {
        const int Seen = 60;
        IReadOnlyList<string> lines = _trace!.Lines;
        _place = Math.Clamp(place, 1, lines.Count);
        _picture.Clear();
        await _drawing!.InvokeVoidAsync("clear");
        int first = Math.Max(0, _place - Seen);
        int head = first;
        while (head > 0 && !lines[head].Contains(EngineLine.Opened, StringComparison.Ordinal))
            head--;
        string[] shown = [.. head < first ? [lines[head]] : Array.Empty<string>(), .. lines.Skip(first).Take(_place - first)];
        await ShowAsync(shown, [.. shown.Select(EngineLine.Read)], _left.Token);
    }

    private void Play()
    {
        _isPaused = !_isPaused;
        if (!_isPaused)
            _ = PlayAsync();
    }

    private async Task PlayAsync()
    {
        if (_place >= _trace!.Lines.Count)
            await ShowUpToAsync(1);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(IntervalMilliseconds));
        try
        {
            while (!_isPaused && _trace is { } trace && _place < trace.Lines.Count
                && await timer.WaitForNextTickAsync(_left.Token))
            {
                if (_isPaused || _trace is null)
                    break;
                string line = trace.Lines[_place++];
                await ShowAsync([line], [EngineLine.Read(line)], _left.Token);
                StateHasChanged();
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or JSDisconnectedException)
        {
            return;
        }

        _isPaused = true;
        StateHasChanged();
    }

    private async Task LeaveTraceAsync()
    {
        (_trace, _isPaused) = (null, false);
        await StopFollowingAsync();
    }
}
