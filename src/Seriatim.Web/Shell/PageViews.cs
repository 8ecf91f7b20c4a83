using MudBlazor;
using Seriatim.Web.Chat;
using Seriatim.Web.Engine;
using Seriatim.Web.Lab;
using Seriatim.Web.Microscope;
using Seriatim.Web.Models;
using Seriatim.Web.Training;
using Seriatim.Web.Translate;

namespace Seriatim.Web.Shell;

/// <summary>The views, in the order of the navigation.</summary>
public static class PageViews
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<PageView> All { get; } =
    [
        new("/", ChatTexts.Name, ChatTexts.About, Icons.Material.Outlined.ChatBubbleOutline),
        new("/translate", TranslateTexts.Name, TranslateTexts.About, Icons.Material.Outlined.Translate),
        new("/microscope", MicroscopeTexts.Name, MicroscopeTexts.About, Icons.Material.Outlined.Biotech),
        new("/engine", EngineTexts.Name, EngineTexts.About, Icons.Material.Outlined.ViewTimeline),
        new("/lab", LabTexts.Name, LabTexts.About, Icons.Material.Outlined.Science),
        new("/training", TrainingTexts.Name, TrainingTexts.About, Icons.Material.Outlined.School),
        new("/models", ModelsTexts.Name, ModelsTexts.About, Icons.Material.Outlined.Inventory2),
    ];

    /// <summary>The view of an address; null: there is none.</summary>
    /// <param name="path">As it stands after the page's own address: <c>translate</c>, with or without what follows it.</param>
    public static PageView? Of(string path)
    {
        string route = "/" + path.Split('?', '#')[0].Split('/')[0];
        return All.FirstOrDefault(view => view.Route == route);
    }
}
