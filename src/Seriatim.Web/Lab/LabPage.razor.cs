using System.Globalization;
using Microsoft.AspNetCore.Components;
using Seriatim.Lab;
using Seriatim.Server;
using Seriatim.Training;
using Seriatim.Web.Charts;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Lab;

/// <summary>The view of the lab: what is chosen stays here, what is measured is <see cref="LabWork"/>'s.</summary>
public sealed partial class LabPage
{
    private readonly CancellationTokenSource _left = new();
    private readonly HashSet<string> _chosen = [];
    private IReadOnlyList<KeptReport> _reports = [];
    private LabSize _size;
    private string _model = "";
    private string _seed = "1";
    private SaidException? _failure;
    private string? _deleting;

    [Inject]
    internal LabWork Work { get; set; } = null!;

    [Inject]
    internal SeriatimPageOptions Options { get; set; } = null!;

    [Inject]
    internal ServedModels Models { get; set; } = null!;

    private LabLanguage Tongue => L.Language == Language.Chinese ? LabLanguage.Chinese : LabLanguage.English;

    private LabSize[] Sizes => Options.OffersTinyLab
        ? [LabSize.Tiny, LabSize.Quick, LabSize.Full] : [LabSize.Quick, LabSize.Full];

    /// <inheritdoc/>
    public void Dispose()
    {
        Work.Changed -= Show;
        _left.Cancel();
    }

    /// <inheritdoc/>
    protected override void OnInitialized()
    {
        _size = Sizes[0];
        Work.Changed += Show;
        _reports = Work.Reports.Read();
        _ = FollowAsync();
    }

    private static Text NameOf(LabSize size) => size switch
    {
        LabSize.Tiny => LabTexts.Tiny,
        LabSize.Quick => LabTexts.Quick,
        _ => LabTexts.Full,
    };

    private static string BadgeOf(Verdict verdict) => verdict switch
    {
        Verdict.Holds => "good",
        Verdict.HoldsWithAnotherFactor => "other",
        Verdict.DoesNotHold or Verdict.Failed => "bad",
        _ => "none",
    };

    private string ValueOf(LabResult result, Expectation expectation) =>
        result.Figures.FirstOrDefault(figure => figure.Key == expectation.Figure) is { } found
            ? LabNumbers.Format(found.Value, found.Unit) : LabWords.NoFigure.In(Tongue);

    private string TitlesOf(KeptReport report)
    {
        const int Most = 4;
        string[] titles = [.. report.Results.Select(result => LabExperiments.Find(result.Name)?.Title.In(Tongue) ?? result.Name)];
        return string.Join(", ", titles.Take(Most)) + (titles.Length > Most ? ", …" : "");
    }

    private string Live(LabPointKind kind)
    {
        bool isLoss = kind == LabPointKind.Loss;
        return ChartText.Of(new Chart(L[isLoss ? LabTexts.LossNow : LabTexts.TimeNow], L[isLoss ? LabTexts.Step : LabTexts.Round],
            L[isLoss ? LabTexts.Nats : LabTexts.Milliseconds],
            Work.Curves.Read(number => L[isLoss ? LabTexts.ModelNumber : LabTexts.Side, number])));
    }

    private void Show() => InvokeAsync(() =>
    {
        if (!Work.IsRunning)
            _reports = Work.Reports.Read();
        StateHasChanged();
    });

    /// <summary>
    /// While something is measured its curves are drawn once a second: drawing them often would disturb the measuring.
    /// </summary>
    private async Task FollowAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                if (Work.IsRunning)
                    StateHasChanged();
            }
        }
        catch (OperationCanceledException)
        {
            // The view was left.
        }
    }

    private void Choose(string name)
    {
        if (!_chosen.Remove(name))
            _chosen.Add(name);
    }

    private void Start()
    {
        _failure = null;
        try
        {
            if (!ulong.TryParse(_seed.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
                throw new SaidException(LabTexts.WrongSeed, _seed);
            Work.Start([.. LabExperiments.All.Where(experiment => _chosen.Contains(experiment.Name))], _size,
                _model.Length == 0 ? null : _model, seed);
        }
        catch (SaidException failure)
        {
            _failure = failure;
        }
    }

    /// <summary>The first press asks, the second one deletes.</summary>
    private void Delete(string id)
    {
        if (_deleting != id)
        {
            _deleting = id;
            return;
        }

        (_deleting, _failure) = (null, null);
        try
        {
            Work.Reports.Delete(id);
        }
        catch (SaidException failure)
        {
            _failure = failure;
        }

        _reports = Work.Reports.Read();
    }
}
