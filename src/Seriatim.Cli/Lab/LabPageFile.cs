using Seriatim.Lab;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>Where the page of <c>lab --html</c> goes.</summary>
internal sealed record LabPageFile(string Path, LabLanguage Language)
{
    /// <summary>What the flags say; null: no page. What cannot be written is found before anything is measured.</summary>
    public static LabPageFile? Read(string? path, string language)
    {
        LabLanguage found = language.ToLowerInvariant() switch
        {
            "en" => LabLanguage.English,
            "zh" => LabLanguage.Chinese,
            _ => throw new UsageException($"--lang is {language}; en or zh is needed."),
        };
        if (path is null)
            return null;
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? "";
        if (Directory.Exists(path) || !Directory.Exists(folder))
        {
            throw new UserErrorException(Directory.Exists(path)
                ? $"--html {path} is a folder; give the name of a file."
                : $"--html {path}: there is no folder {folder}.");
        }

        return new LabPageFile(path, found);
    }

    /// <summary>Writes the page.</summary>
    public void Write(LabReport report)
    {
        TrainingPage.Write(Path, LabPage.Make(report, Language));
        Terminal.Note($"The report is {Path}.");
    }
}
