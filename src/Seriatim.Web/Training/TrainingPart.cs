using Microsoft.AspNetCore.Components;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Training;

/// <summary>A part of the view that shows a run.</summary>
public abstract class TrainingPart : PageComponent
{
    /// <summary>
    /// Which run. The run and not its id: a part whose parameters are texts that stay the same is not drawn again, and the run
    /// would stand still on the page.
    /// </summary>
    [Parameter, EditorRequired]
    public object Of { get; set; } = null!;

    internal TrainingRun Run => (TrainingRun)Of;
}
