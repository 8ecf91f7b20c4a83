using Seriatim.Web.Texts;

namespace Seriatim.Web.Shell;

/// <summary>A view of the page: a folder of its own and a row of <see cref="PageViews"/>.</summary>
/// <param name="Route">Where it is, as its component's <c>@page</c> says.</param>
/// <param name="Name">What it is called.</param>
/// <param name="About">What one does there, in a sentence.</param>
/// <param name="Icon">Its icon.</param>
public sealed record PageView(string Route, Text Name, Text About, string Icon);
