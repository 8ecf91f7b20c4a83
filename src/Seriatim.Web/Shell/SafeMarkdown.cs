using System.Net;
using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Microsoft.AspNetCore.Components;

namespace Seriatim.Web.Shell;

/// <summary>
/// Markdown of a model as HTML. Nothing of it is trusted: HTML in it is shown as text, pictures become their addresses, and links
/// go to web pages alone.
/// </summary>
internal static class SafeMarkdown
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .DisableHtml().UsePipeTables().UseTaskLists().UseEmphasisExtras().Build();

    public static MarkupString Render(string text)
    {
        try
        {
            return Read(text);
        }
        catch (ArgumentException)
        {
            // Nested deeper than the library goes: nothing that was meant as Markdown. It is shown as it stands.
            return new MarkupString($"<pre>{WebUtility.HtmlEncode(text)}</pre>");
        }
    }

    private static MarkupString Read(string text)
    {
        MarkdownDocument document = Markdown.Parse(text, Pipeline);
        foreach (LinkInline link in document.Descendants<LinkInline>().ToArray())
            Tame(link, link.Url, link.IsImage);
        foreach (AutolinkInline link in document.Descendants<AutolinkInline>().ToArray())
            Tame(link, link.IsEmail ? null : link.Url, isImage: false);
        return new MarkupString(document.ToHtml(Pipeline));
    }

    private static void Tame(Inline link, string? url, bool isImage)
    {
        bool isWeb = Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https";
        if (isWeb && !isImage)
        {
            link.GetAttributes().AddProperty("rel", "noopener noreferrer");
            link.GetAttributes().AddProperty("target", "_blank");
            return;
        }

        string words = link is ContainerInline { FirstChild: LiteralInline literal } ? literal.Content.ToString() : "";
        link.ReplaceBy(new LiteralInline(words.Length == 0 || words == url ? $"{url}" : $"{words} ({url})"), copyChildren: false);
    }
}
