using Microsoft.AspNetCore.Components;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Engine;

/// <summary>A part of the view that shows numbers of the engine, which the view hands down.</summary>
public abstract class EnginePart : PageComponent
{
    /// <summary>What is known of the engine.</summary>
    [CascadingParameter]
    internal EnginePicture Picture { get; set; } = null!;
}
