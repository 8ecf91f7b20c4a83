using Microsoft.AspNetCore.Components;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Training;

/// <summary>A part of the view that shows a run.</summary>
public abstract class TrainingPart : PageComponent
{
    /// <summary>Which run.</summary>
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    [Inject]
    internal TrainingWork Work { get; set; } = null!;

    internal TrainingRun? Run => Work.Find(Id);
}
