using Microsoft.AspNetCore.Components;

namespace Seriatim.Web.Shell;

/// <summary>A component that speaks the page's language and is drawn again when that changes.</summary>
public abstract class PageComponent : ComponentBase
{
    /// <summary>The session: texts as <c>L[ChatTexts.Send]</c>, language, theme, key.</summary>
    [CascadingParameter]
    public PageSession L { get; set; } = null!;
}
