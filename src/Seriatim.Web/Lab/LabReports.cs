using System.Text.Json;
using Seriatim.Lab;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Lab;

/// <summary>The folder of reports: each is a folder with a name of our own, with a page in each language.</summary>
/// <param name="options">Where it is.</param>
internal sealed class LabReports(SeriatimPageOptions options)
{
    private const string ListName = "report.json";

    private readonly string _folder = options.FolderFor("lab");

    /// <summary>All of them, the newest first.</summary>
    public IReadOnlyList<KeptReport> Read() => !Directory.Exists(_folder) ? []
        : [.. Directory.EnumerateDirectories(_folder).Select(Read).OfType<KeptReport>().OrderByDescending(report => report.Made)];

    /// <summary>Keeps a report.</summary>
    /// <exception cref="SaidException">It cannot be written.</exception>
    public void Keep(LabReport report)
    {
        string folder = Path.Combine(_folder, $"{report.Made:yyyyMMdd-HHmmss}-{Guid.NewGuid().ToString("N")[..6]}");
        var kept = new KeptReport
        {
            Made = report.Made,
            Size = $"{report.Size}",
            Interrupted = report.Interrupted,
            Model = report.Model,
            Results = [.. report.Results.Select(result => new KeptVerdict(result.Name, $"{result.Verdict}"))],
        };
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, NameOf(Language.English)),
                Seriatim.Lab.LabPage.Make(report, LabLanguage.English));
            File.WriteAllText(Path.Combine(folder, NameOf(Language.Chinese)),
                Seriatim.Lab.LabPage.Make(report, LabLanguage.Chinese));

            // Last: what has it is whole.
            File.WriteAllText(Path.Combine(folder, ListName), JsonSerializer.Serialize(kept, KeptJson.Default.KeptReport));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SaidException(LabTexts.NotKept, failure.Message);
        }
    }

    /// <summary>
    /// The page of a report; null: there is none. Ids are compared with those there are, and never made part of a path.
    /// </summary>
    public string? PageOf(string id, Language language) =>
        Read().FirstOrDefault(report => report.Id == id) is { } found ? Path.Combine(_folder, found.Id, NameOf(language)) : null;

    /// <summary>Deletes a report.</summary>
    public void Delete(string id)
    {
        if (Read().FirstOrDefault(report => report.Id == id) is not { } found)
            return;
        try
        {
            Directory.Delete(Path.Combine(_folder, found.Id), recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SaidException(LabTexts.NotKept, failure.Message);
        }
    }

    private static string NameOf(Language language) => language == Language.Chinese ? "lab-zh.html" : "lab-en.html";

    private static KeptReport? Read(string folder)
    {
        try
        {
            KeptReport? read = JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(folder, ListName)),
                KeptJson.Default.KeptReport);
            return read is null ? null : read with { Id = Path.GetFileName(folder) };
        }
        catch (Exception damaged) when (damaged is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
