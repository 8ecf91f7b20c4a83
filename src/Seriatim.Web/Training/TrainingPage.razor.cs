using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.JSInterop;
using Seriatim.Web.Shell;
using Seriatim.Web.Texts;
using Seriatim.Web.Work;

namespace Seriatim.Web.Training;

/// <summary>The view of training: what is typed stays here, what trains is <see cref="TrainingWork"/>'s.</summary>
public sealed partial class TrainingPage
{
    private const int MostTitle = 60, MostPrompt = 400;

    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<string> _recipes = [];
    private TrainingSize _size = TrainingSize.All[0];
    private string? _recipe;
    private string? _text;
    private string _textName = "";
    private long _textBytes;
    private string? _reading;
    private int _attempts;
    private string _title = "";
    private string _prompt = "";
    private int _steps = TrainingSize.All[0].Steps;
    private bool _isPreparing;
    private string? _open;
    private string? _deleting;
    private Exception? _failure;

    [Inject]
    internal TrainingWork Work { get; set; } = null!;

    [Inject]
    internal SeriatimPageOptions Options { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    private IReadOnlyList<TrainingRun> Runs => [.. Work.Runs.Where(run => run != Work.Current)];

    /// <inheritdoc/>
    public void Dispose()
    {
        Work.Changed -= Show;
        _left.Cancel();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        if (!Options.AllowsTraining)
            return;
        Work.Changed += Show;
        _recipes = Work.Recipes;
        _ = FollowAsync();
        _title = await Js.InvokeAsync<string?>("seriatim.draft", "training-title") ?? "";
        _prompt = await Js.InvokeAsync<string?>("seriatim.draft", "training-prompt") ?? "";
    }

    private static string BadgeOf(TrainingState state) => state switch
    {
        TrainingState.Done => "good",
        TrainingState.Failed => "bad",
        TrainingState.Stopped => "other",
        _ => "none",
    };

    private void Show() => InvokeAsync(StateHasChanged);

    /// <summary>While something trains the numbers are drawn twice a second.</summary>
    private async Task FollowAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                if (Work.Current is { IsBusy: true })
                    StateHasChanged();
            }
        }
        catch (OperationCanceledException)
        {
            // The view was left.
        }
    }

    private void Choose(TrainingSize size)
    {
        // Steps that somebody has set himself stay.
        if (_steps == _size.Steps)
            _steps = size.Steps;
        _size = size;
    }

    private async Task ReadAsync(InputFileChangeEventArgs args)
    {
        _failure = null;
        IBrowserFile file = args.File;
        try
        {
            TrainingText.CheckSize(file.Name, file.Size, Options.MaxTrainingTextBytes);
            _reading = file.Name;
            byte[] bytes = new byte[file.Size];
            await using (Stream stream = file.OpenReadStream(Options.MaxTrainingTextBytes, _left.Token))
                await stream.ReadExactlyAsync(bytes, _left.Token);
            _text = TrainingText.Read(file.Name, bytes);
            (_textName, _textBytes) = (file.Name, bytes.Length);
            if (_title.Length == 0)
                _title = Path.GetFileNameWithoutExtension(file.Name) is { Length: <= MostTitle } name ? name : "";
        }
        catch (SaidException failure)
        {
            _failure = failure;
        }
        catch (Exception failure) when (failure is IOException or JSException or TimeoutException)
        {
            _failure = new SaidException(TrainingTexts.NotRead, file.Name, failure.Message);
        }

        // Another element: browsers do not tell that the same file was chosen again, and it may have been mended.
        _attempts++;
        _reading = null;
    }

    private async Task PrepareAsync()
    {
        _failure = null;
        _isPreparing = true;
        try
        {
            Check();
            if (_recipe is { } recipe)
                await Work.PrepareAsync(recipe, _title.Trim(), _prompt);
            else
                await Work.PrepareAsync(new TrainingPlan(_title.Trim(), _size, _steps, _prompt), _text!);
            await Js.InvokeVoidAsync("seriatim.store", "seriatim-draft-training-title", "");
            await Js.InvokeVoidAsync("seriatim.store", "seriatim-draft-training-prompt", "");
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }

        _isPreparing = false;
    }

    private void Check()
    {
        if (_recipe is null && _text is null)
            throw new SaidException(TrainingTexts.NoFile);
        if (_title.Trim().Length == 0)
            throw new SaidException(TrainingTexts.NoTitle);
        if (_title.Length > MostTitle)
            throw new SaidException(TrainingTexts.LongTitle, _title.Length, MostTitle);
        if (_prompt.Length > MostPrompt)
            throw new SaidException(TrainingTexts.LongPrompt, _prompt.Length, MostPrompt);
        if (_recipe is null && _steps is < TrainingPlan.LeastSteps or > TrainingPlan.MostSteps)
        {
            throw new SaidException(TrainingTexts.WrongSteps, Numbers.Whole(_steps), TrainingPlan.LeastSteps,
                Numbers.Whole(TrainingPlan.MostSteps));
        }
    }

    private async Task ResumeAsync(TrainingRun run)
    {
        _failure = null;
        try
        {
            await Work.ResumeAsync(run);
        }
        catch (SeriatimException failure)
        {
            _failure = failure;
        }
    }

    /// <summary>The first press asks, the second one deletes.</summary>
    private void Delete(TrainingRun run)
    {
        if (_deleting != run.Id)
        {
            _deleting = run.Id;
            return;
        }

        _deleting = null;
        Work.Delete(run);
    }

    /// <summary>Goes to the chat with the model.</summary>
    private async Task UseAsync(string model)
    {
        await Js.InvokeVoidAsync("seriatim.store", "seriatim-model", model);
        Navigation.NavigateTo("");
    }
}
