using System.Globalization;
using System.Text.Json;

namespace Seriatim.Simulation;

/// <summary>
/// Traces in files: a JSON object a line, with <c>conversation</c> (any text), <c>prompt</c> and <c>output</c> (tokens), and
/// <c>at</c> (seconds from the beginning) or, for later requests of a conversation, <c>think</c> (seconds after the answer
/// before); the first of a conversation may have <c>prefix</c> (a name) with <c>prefix_tokens</c>: what others begin with, too.
/// </summary>
internal static class TraceFile
{
    /// <summary>Most tokens of a request, so that a wrong file is refused and not run out of memory on.</summary>
    private const int MostTokens = 1 << 24;

    /// <summary>Reads a file.</summary>
    /// <exception cref="SimulationException">A line is no request.</exception>
    public static Trace Read(string path)
    {
        var requests = new List<TraceRequest>();
        var conversations = new Dictionary<string, int>(StringComparer.Ordinal);
        var prefixes = new Dictionary<string, int>(StringComparer.Ordinal);
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                requests.Add(Read(document.RootElement, conversations, prefixes));
            }
            catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException)
            {
                throw new SimulationException($"{path}, line {number}: {failure.Message.Split(" LineNumber")[0]}");
            }
        }

        return requests.Count > 0 ? new Trace(requests) : throw new SimulationException($"{path} has no requests.");
    }

    /// <summary>Writes a trace as it is read.</summary>
    public static void Write(string path, Trace trace)
    {
        using var file = new StreamWriter(path);
        var begun = new HashSet<int>();
        foreach (TraceRequest request in trace.Requests)
        {
            bool isFirst = begun.Add(request.Conversation);
            string when = double.IsNaN(request.At) ? $"\"think\":{Text(request.Think)}" : $"\"at\":{Text(request.At)}";
            string prefix = isFirst && request.Prefix >= 0
                ? $",\"prefix\":\"p{request.Prefix}\",\"prefix_tokens\":{request.PrefixTokens}" : "";
            file.Write(string.Create(CultureInfo.InvariantCulture, $"{{{when},\"conversation\":\"c{request.Conversation}\""
                + $",\"prompt\":{request.Prompt},\"output\":{request.Output}{prefix}}}\n"));
        }
    }

    private static string Text(double seconds) => seconds.ToString("R", CultureInfo.InvariantCulture);

    private static TraceRequest Read(JsonElement line, Dictionary<string, int> conversations, Dictionary<string, int> prefixes)
    {
        if (line.ValueKind != JsonValueKind.Object)
            throw new FormatException("an object is needed: {\"at\":0,\"conversation\":\"a\",\"prompt\":20,\"output\":30}.");
        double at = double.NaN, think = 0;
        string? conversation = null, prefix = null;
        int prompt = -1, output = -1, prefixTokens = 0;
        foreach (JsonProperty property in line.EnumerateObject())
        {
            switch (property.Name)
            {
                case "at": at = Seconds(property); break;
                case "think": think = Seconds(property); break;
                case "conversation": conversation = Name(property); break;
                case "prompt": prompt = Tokens(property, 1); break;
                case "output": output = Tokens(property, 1); break;
                case "prefix": prefix = Name(property); break;
                case "prefix_tokens": prefixTokens = Tokens(property, 0); break;
                default:
                    throw new FormatException($"there is no '{property.Name}'; at, think, conversation, prompt, output, prefix "
                        + "and prefix_tokens are read.");
            }
        }

        if (prompt < 0 || output < 0)
            throw new FormatException($"'{(prompt < 0 ? "prompt" : "output")}' is missing: a number of tokens.");
        if ((prefix is null) != (prefixTokens == 0))
            throw new FormatException("'prefix' and 'prefix_tokens' go together.");
        bool isNew = conversation is null || !conversations.ContainsKey(conversation);
        if (!isNew && prefix is not null)
            throw new FormatException($"'prefix' belongs to the first request of conversation {conversation}.");
        conversation ??= $"\0{conversations.Count}";
        return new TraceRequest
        {
            At = at,
            Think = think,
            Conversation = NumberOf(conversations, conversation),
            Prompt = prompt,
            Output = output,
            Prefix = prefix is null ? -1 : NumberOf(prefixes, prefix),
            PrefixTokens = prefixTokens,
        };
    }

    private static int NumberOf(Dictionary<string, int> names, string name)
    {
        if (!names.TryGetValue(name, out int number))
            names[name] = number = names.Count;
        return number;
    }

    private static string Name(JsonProperty property) => property.Value.ValueKind == JsonValueKind.String
        ? property.Value.GetString()! : throw new FormatException($"'{property.Name}' is {property.Value}; a text is needed.");

    private static double Seconds(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Number
        && property.Value.GetDouble() is >= 0 and < 1e9 and var seconds ? seconds
            : throw new FormatException($"'{property.Name}' is {property.Value}; seconds from 0 to 1e9 are needed.");

    private static int Tokens(JsonProperty property, int least) => property.Value.ValueKind == JsonValueKind.Number
        && property.Value.TryGetInt32(out int tokens) && tokens >= least && tokens <= MostTokens ? tokens
            : throw new FormatException($"'{property.Name}' is {property.Value}; {least} to {MostTokens} tokens are allowed.");
}
