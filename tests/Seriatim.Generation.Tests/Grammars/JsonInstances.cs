using System.Text;
using System.Text.Json;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>Writes instances through a grammar: compact, keys in an order that the grammar has, if there is one.</summary>
internal sealed class JsonInstances
{
    private const int MostKeysForAllOrders = 5, MostWays = 12;

    private readonly GrammarOracle _oracle;
    private readonly List<string> _order = [];

    public JsonInstances(GrammarOracle oracle, JsonElement schema)
    {
        _oracle = oracle;
        CollectOrder(schema);
    }

    public bool IsReachable(JsonElement instance) => Way(instance) is not null;

    /// <summary>The text by which an instance is reached; null: there is none.</summary>
    public string? Way(JsonElement instance)
    {
        (HashSet<int> state, string text) = Write(_oracle.Start, instance);
        return _oracle.MayEnd(state) ? text : null;
    }

    /// <summary>The text of an instance as it is written here, keys in their order.</summary>
    public static string Compact(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Compact))}]",
        JsonValueKind.Object => $"{{{string.Join(',', Members(value)
            .Select(member => $"{JsonText.Written(member.Name)}:{Compact(member.Value)}"))}}}",
        _ => Scalar(value),
    };

    private static string Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.Written(value.GetString()!),
        JsonValueKind.Number => Number(value.GetRawText()),
        _ => value.GetRawText(),
    };

    /// <summary>Whole numbers without a fraction: a grammar may want them so.</summary>
    private static string Number(string text)
    {
        int point = text.IndexOf('.', StringComparison.Ordinal);
        return point < 0 || text.AsSpan(point + 1).ContainsAnyExcept('0') ? text : text[..point] == "-0" ? "0" : text[..point];
    }

    // A key twice in an instance: the last one counts.
    private static JsonProperty[] Members(JsonElement value) =>
        [.. value.EnumerateObject().GroupBy(member => member.Name).Select(group => group.Last())];

    private (HashSet<int> State, string Text) Write(HashSet<int> state, JsonElement value)
    {
        if (state.Count == 0)
            return (state, "");
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                var text = new StringBuilder("[");
                state = _oracle.After(state, "["u8);
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (text.Length > 1)
                    {
                        text.Append(',');
                        state = _oracle.After(state, ","u8);
                    }
                    (state, string written) = Write(state, item);
                    text.Append(written);
                }
                return (_oracle.After(state, "]"u8), text.Append(']').ToString());
            case JsonValueKind.Object:
                return WriteObject(_oracle.After(state, "{"u8), value);
            default:
                return (_oracle.After(state, Encoding.UTF8.GetBytes(Scalar(value))), Scalar(value));
        }
    }

    private (HashSet<int> State, string Text) WriteObject(HashSet<int> state, JsonElement value)
    {
        JsonProperty[] members = Members(value);
        int Rank(string name) => _order.IndexOf(name) is >= 0 and var rank ? rank : int.MaxValue;
        (HashSet<int> after, string text) = InOrder(state, [.. members.OrderBy(member => Rank(member.Name))]);
        after = _oracle.After(after, "}"u8);
        if (after.Count == 0 && members.Length <= MostKeysForAllOrders)
        {
            (after, text) = AnyOrder(state, members);
            after = _oracle.After(after, "}"u8);
        }
        return (after, $"{{{text}}}");
    }

    /// <summary>Next always a key after which all that may still come now may still come.</summary>
    private (HashSet<int> State, string Text) InOrder(HashSet<int> state, List<JsonProperty> open)
    {
        var text = new StringBuilder();
        for (bool first = true; open.Count > 0 && state.Count > 0; first = false)
        {
            JsonProperty[] allowed = [.. open.Where(member => Key(state, member, first).State.Count > 0)];
            (HashSet<int> State, string Text)? best = null;
            int taken = -1;
            foreach (JsonProperty member in allowed)
            {
                (HashSet<int> State, string Text) after = WriteMember(state, member, first);
                bool keepsAll = after.State.Count > 0
                    && allowed.All(other => other.Name == member.Name || Key(after.State, other, false).State.Count > 0);
                if (best is not null && !keepsAll)
                    continue;
                (best, taken) = (after, open.FindIndex(other => other.Name == member.Name));
                if (keepsAll)
                    break;
            }
            if (best is not { } next)
                return ([], "");
            state = next.State;
            text.Append(next.Text);
            open.RemoveAt(taken);
        }
        return (state, text.ToString());
    }

    private (HashSet<int> State, string Text) AnyOrder(HashSet<int> state, JsonProperty[] members)
    {
        // Several ways to the same keys, as what may still come depends on the order.
        var reached = new List<(HashSet<int> State, string Text)>[1 << members.Length];
        reached[0] = [(state, "")];
        for (int come = 0; come < reached.Length - 1; come++)
        {
            foreach ((HashSet<int> at, string text) in reached[come] ?? [])
            {
                for (int i = 0; i < members.Length; i++)
                {
                    if ((come >> i & 1) != 0)
                        continue;
                    (HashSet<int> after, string more) = WriteMember(at, members[i], come == 0);
                    List<(HashSet<int> State, string Text)> ways = reached[come | 1 << i] ??= [];
                    if (after.Count > 0 && ways.Count < MostWays && !ways.Any(way => way.State.SetEquals(after)))
                        ways.Add((after, text + more));
                }
            }
        }
        return (reached[^1] ?? []).FirstOrDefault(way => _oracle.After(way.State, "}"u8).Count > 0) is { State: not null } found
            ? found : ([], "");
    }

    private (HashSet<int> State, string Text) Key(HashSet<int> state, JsonProperty member, bool first)
    {
        string text = (first ? "" : ",") + JsonText.Written(member.Name) + ":";
        return (_oracle.After(state, Encoding.UTF8.GetBytes(text)), text);
    }

    private (HashSet<int> State, string Text) WriteMember(HashSet<int> state, JsonProperty member, bool first)
    {
        (HashSet<int> after, string key) = Key(state, member, first);
        (after, string value) = Write(after, member.Value);
        return (after, key + value);
    }

    private void CollectOrder(JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in schema.EnumerateArray())
                CollectOrder(item);
        }
        if (schema.ValueKind != JsonValueKind.Object)
            return;
        if (schema.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object)
            _order.AddRange(properties.EnumerateObject().Select(property => property.Name).Except(_order));
        foreach (JsonProperty property in schema.EnumerateObject())
            CollectOrder(property.Value);
    }
}
