using MudBlazor;

namespace Seriatim.Web.Shell;

/// <summary>Colours and type of the page: text has at least 4.5 to 1 on what it stands on, in both shades.</summary>
internal static class PageTheme
{
    private static readonly string[] Fonts =
    [
        "Inter", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
        "sans-serif",
    ];

    public static MudTheme Instance { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#1d5fa8",
            Secondary = "#0f766e",
            Background = "#f7f8fa",
            Surface = "#ffffff",
            TextPrimary = "#1b1f24",
            TextSecondary = "#57606a",
            ActionDefault = "#57606a",
            Error = "#b42318",
            Success = "#1a7f37",
            Warning = "#8a5a00",
            LinesDefault = "#d0d7de",
            LinesInputs = "#8c959f",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7ab7ff",
            PrimaryContrastText = "#0d1117",
            Secondary = "#5eead4",
            Background = "#0f1318",
            Surface = "#171c23",
            TextPrimary = "#e6edf3",
            TextSecondary = "#9da7b3",
            ActionDefault = "#9da7b3",
            Error = "#ff8a80",
            Success = "#56d364",
            Warning = "#e3b341",
            LinesDefault = "#30363d",
            LinesInputs = "#6e7681",
        },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = "0.95rem", LetterSpacing = "normal" },
            Button = new ButtonTypography
            {
                FontFamily = Fonts,
                TextTransform = "none",
                LetterSpacing = "normal",
                FontWeight = "600",
            },
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "8px" },
    };
}
