using System.Text;
using System.Text.Json;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>Writes instances through a grammar: compact, keys in an order that the grammar has, if there is one.</summary>
internal sealed class JsonInstances
{
    private const int MostKeysForAllOrders = 7;

    private readonly GrammarOracle _oracle;
    private readonly List<string> _order = [];

    public JsonInstances(GrammarOracle oracle, JsonElement schema)
    {
        _oracle = oracle;
        CollectOrder(schema);
    }

    public bool IsReachable(JsonElement instance) => _oracle.MayEnd(Write(_oracle.Start, instance));

    /// <summary>The text of an instance as it is written here, keys in their order.</summary>
    public static string Scalar(JsonElement value) => value.ValueKind switch
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

    private HashSet<int> Write(HashSet<int> state, JsonElement value)
    {
        if (state.Count == 0)
            return state;
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                state = _oracle.After(state, "["u8);
                int index = 0;
                foreach (JsonElement item in value.EnumerateArray())
                    state = Write(index++ == 0 ? state : _oracle.After(state, ","u8), item);
                return _oracle.After(state, "]"u8);
            case JsonValueKind.Object:
                return WriteObject(_oracle.After(state, "{"u8), value);
            default:
                return _oracle.After(state, Encoding.UTF8.GetBytes(Scalar(value)));
        }
    }

    private HashSet<int> WriteObject(HashSet<int> state, JsonElement value)
    {
        // A key twice in an instance: the last one counts.
        JsonProperty[] members = [.. value.EnumerateObject().GroupBy(member => member.Name).Select(group => group.Last())];
        int Rank(string name) => _order.IndexOf(name) is >= 0 and var rank ? rank : int.MaxValue;
        HashSet<int> after = _oracle.After(InOrder(state, [.. members.OrderBy(member => Rank(member.Name))]), "}"u8);
        return after.Count > 0 || members.Length > MostKeysForAllOrders ? after : _oracle.After(AnyOrder(state, members), "}"u8);
    }

    /// <summary>Next always a key after which all that may still come now may still come.</summary>
    private HashSet<int> InOrder(HashSet<int> state, List<JsonProperty> open)
    {
        for (bool first = true; open.Count > 0 && state.Count > 0; first = false)
        {
            JsonProperty[] allowed = [.. open.Where(member => Key(state, member, first).Count > 0)];
            HashSet<int>? best = null;
            int taken = -1;
            foreach (JsonProperty member in allowed)
            {
                HashSet<int> after = Write(Key(state, member, first), member.Value);
                bool keepsAll = after.Count > 0
                    && allowed.All(other => other.Name == member.Name || Key(after, other, false).Count > 0);
                if (best is not null && !keepsAll)
                    continue;
                (best, taken) = (after, open.FindIndex(other => other.Name == member.Name));
                if (keepsAll)
                    break;
            }
            if (best is null)
                return [];
            state = best;
            open.RemoveAt(taken);
        }
        return state;
    }

    private HashSet<int> AnyOrder(HashSet<int> state, JsonProperty[] members)
    {
        var reached = new HashSet<int>[1 << members.Length];
        reached[0] = state;
        for (int come = 0; come < reached.Length; come++)
        {
            for (int i = 0; i < members.Length && reached[come] is { Count: > 0 }; i++)
            {
                if ((come >> i & 1) == 0)
                    (reached[come | 1 << i] ??= []).UnionWith(WriteMember(reached[come], members[i], come == 0));
            }
        }
        return reached[^1] ?? [];
    }

    private HashSet<int> Key(HashSet<int> state, JsonProperty member, bool first) =>
        _oracle.After(state, Encoding.UTF8.GetBytes((first ? "" : ",") + JsonText.Written(member.Name) + ":"));

    private HashSet<int> WriteMember(HashSet<int> state, JsonProperty member, bool first) =>
        Write(Key(state, member, first), member.Value);

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
