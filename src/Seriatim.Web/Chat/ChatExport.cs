using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Seriatim.Web.Chat;

/// <summary>A conversation as others can use it.</summary>
internal static class ChatExport
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        // Quotes are for the shell's quoting to keep; letters of all scripts stay letters.
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        WriteIndented = true,
    };

    /// <summary>As Markdown: who said what.</summary>
    public static string Markdown(IEnumerable<ChatTurn> path, string you)
    {
        var text = new StringBuilder();
        foreach (ChatTurn turn in path)
        {
            text.Append("**").Append(turn.IsAnswer ? turn.Settings.Model : you).Append(":** ")
                .AppendLine(turn.Text.Trim()).AppendLine();
        }

        return text.ToString();
    }

    /// <summary>The request that the last answer was asked for with, or the next one will be, for a shell.</summary>
    /// <param name="address">The server.</param>
    /// <param name="path">Of the endpoint.</param>
    /// <param name="body">The request.</param>
    /// <param name="needsKey">Whether a key has to be shown; it stands in a variable, not in the text.</param>
    public static string Curl(string address, string path, JsonObject body, bool needsKey)
    {
        string json = body.ToJsonString(Readable).Replace("'", "'\\''", StringComparison.Ordinal);
        string key = needsKey ? " -H \"Authorization: Bearer $SERIATIM_API_KEY\"" : "";
        return $"curl -N {address.TrimEnd('/')}/{path}{key} -H 'Content-Type: application/json' -d '{json}'";
    }
}
