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
        foreach (JsonProperty[] order in new[] { members, [.. members.OrderBy(member => Rank(member.Name))] })
        {
            HashSet<int> after = state;
            for (int i = 0; i < order.Length && after.Count > 0; i++)
                after = WriteMember(after, order[i], i == 0);
            after = _oracle.After(after, "}"u8);
            if (after.Count > 0)
                return after;
        }
        return members.Length > MostKeysForAllOrders ? [] : _oracle.After(AnyOrder(state, members), "}"u8);
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

    private HashSet<int> WriteMember(HashSet<int> state, JsonProperty member, bool first) => Write(_oracle.After(state,
        Encoding.UTF8.GetBytes((first ? "" : ",") + JsonText.Written(member.Name) + ":")), member.Value);

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
