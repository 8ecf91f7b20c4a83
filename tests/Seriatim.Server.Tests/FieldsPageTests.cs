using System.Text;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>The page of fields is made from the tables; <c>SERIATIM_WRITE_DOCS=1</c> writes it.</summary>
public sealed class FieldsPageTests
{
    [Fact]
    public void The_page_of_fields_is_as_the_tables_have_it()
    {
        string path = Path.Combine(Repository.Root, "docs", "server-fields.md");
        string made = Page();
        if (Environment.GetEnvironmentVariable("SERIATIM_WRITE_DOCS") == "1")
            File.WriteAllText(path, made);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == made,
            "docs/server-fields.md differs from the tables of fields. Write it anew: SERIATIM_WRITE_DOCS=1 dotnet test "
                + "tests/Seriatim.Server.Tests --filter FieldsPage");
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # Fields of requests
            Made from the tables that read requests (`src/Seriatim.Server`); [the guide](guide/server.md) shows how to use them.
            A field does what its line says. One that is *refused* is answered with 400 and its name, unless it has a value at
            which it asks for nothing, which stands under *allowed*. One *without effect* changes nothing, by its meaning. A field
            that does not stand here is refused, and `null` is as if a field were not there.

            """);
        foreach (FieldTable table in Tables())
        {
            page.Append($"\n## {table.Name}\n| field | type | allowed | |\n|---|---|---|---|\n");
            foreach (FieldFate fate in Enum.GetValues<FieldFate>())
            {
                foreach (Field row in table.Rows.Where(row => row.Fate == fate))
                    page.Append($"| `{row.Name}` | {Field.Names(row.Kinds)} | {Allowed(row)} | {What(row)} |\n");
            }
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>Tables of endpoints, each followed by those inside it that were not shown.</summary>
    private static IEnumerable<FieldTable> Tables()
    {
        var shown = new HashSet<FieldTable>();
        var waiting = new Queue<FieldTable>(Endpoints.All.Select(endpoint => endpoint.Fields).OfType<FieldTable>());
        var inner = new Queue<FieldTable>();
        while (waiting.Count + inner.Count > 0)
        {
            FieldTable table = waiting.Count > 0 ? waiting.Dequeue() : inner.Dequeue();
            if (!shown.Add(table))
                continue;
            yield return table;
            foreach (FieldTable inside in table.Rows.Select(row => row.Inside?.Invoke()).OfType<FieldTable>())
                inner.Enqueue(inside);
        }
    }

    private static string Allowed(Field row) => row.Fate == FieldFate.Refused
        ? string.Join(", ", row.Neutral.Select(value => $"`{value}`"))
        : row.OneOf is { } texts ? string.Join(", ", texts.Select(text => $"`{text}`"))
        : string.Join(", ", new[] { row.Range(), row.Size() }.Where(words => words.Length > 0));

    private static string What(Field row) => (row.Fate switch
    {
        FieldFate.Refused => $"**refused:** {row.Doc}",
        FieldFate.WithoutEffect => $"**without effect:** {row.Doc}",
        _ => row.IsRequired ? $"**needed.** {row.Doc}" : row.Doc,
    }).Replace("|", "\\|", StringComparison.Ordinal);
}
