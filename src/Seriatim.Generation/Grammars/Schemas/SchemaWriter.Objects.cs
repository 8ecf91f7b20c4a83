using System.Text;
using System.Text.Json;

namespace Seriatim.Generation;

/// <content>
/// Objects: known keys in the order of the schema, each once, then all others in any order. Keys of the second kind can repeat,
/// which no grammar can forbid; so none is counted where a number of different keys is wanted.
/// </content>
internal sealed partial class SchemaWriter
{
    private GrammarNode Object(ObjectShape shape) =>
        Choice(Witnessed(shape, null).Select(pair => Object(pair.Shape, pair.Witness)));

    /// <summary>What must exist becomes a known key that is required, or a key of a class that comes at least once.</summary>
    private IEnumerable<(ObjectShape Shape, KeysShape? Witness)> Witnessed(ObjectShape shape, KeysShape? witness)
    {
        if (shape.Exists.IsEmpty)
            return [(shape, witness)];
        KeysShape wanted = shape.Exists[0];
        shape = shape with { Exists = shape.Exists[1..] };
        var cases = new List<(ObjectShape, KeysShape?)>();
        for (int i = 0; i < shape.Members.Length; i++)
        {
            MemberShape member = shape.Members[i];
            int type = _types.And(member.Type, wanted.Type);
            if (_types.IsEmpty(type) || !Language.Contains(wanted.Keys, Encoding.UTF8.GetBytes(member.Name)))
                continue;
            MemberShape found = member with { Type = type, Required = true };
            cases.AddRange(Witnessed(shape with { Members = shape.Members.SetItem(i, found) }, witness));
        }
        foreach (KeysShape keys in shape.Classes)
        {
            int type = _types.And(keys.Type, wanted.Type);
            ByteDfa among = Language.Intersect(_types.OthersOf(shape, keys), wanted.Keys);
            if (among.IsEmpty || _types.IsEmpty(type))
                continue;
            if (witness is not null)
                throw Refused("not", "two keys that are not named must exist", shape.Pointer);
            cases.AddRange(Witnessed(shape, new KeysShape(among, type)));
        }
        return cases;
    }

    private GrammarNode Object(ObjectShape shape, KeysShape? witness)
    {
        MemberShape[] live = [.. shape.Members.Where(member => member.Required || !_types.IsEmpty(member.Type))];
        if (live.Any(member => _types.IsEmpty(member.Type)))
            return Nowhere;
        GrammarNode[] others = [.. shape.Classes.Select(keys => keys with { Keys = _types.OthersOf(shape, keys) })
            .Where(keys => !keys.Keys.IsEmpty).Select(Member)];
        GrammarNode? extra = others.Length == 0 ? null : Choice(others);
        GrammarNode? later = witness is null ? extra : Later(shape, witness);
        int required = live.Count(member => member.Required) + (witness is null ? 0 : 1);
        bool counts = shape.Min > required || (shape.Max is { } max && (extra is not null || max < live.Length));
        GrammarNode members = !counts ? Free(live, extra, witness is null ? null : Member(witness), later)
            : witness is not null ? throw Refused("minProperties", "keys are counted, and one that is not named must exist",
                shape.Pointer)
            : Counted(shape, live, extra);
        return Sequence(Literal("{"), _blank, members, _blank, Literal("}"));
    }

    /// <summary>
    /// What may come after the key that must exist: were the same key to come again, the last one would count. So its language is
    /// left out, but for values that would do as well.
    /// </summary>
    private GrammarNode? Later(ObjectShape shape, KeysShape witness)
    {
        GrammarNode[] later = [.. shape.Classes.Select(keys => keys with { Keys = _types.OthersOf(shape, keys) })
            .SelectMany(keys => new[]
            {
                keys with { Keys = Language.Except(keys.Keys, witness.Keys) },
                new KeysShape(Language.Intersect(keys.Keys, witness.Keys), _types.And(keys.Type, witness.Type)),
            })
            .Where(keys => !keys.Keys.IsEmpty && !_types.IsEmpty(keys.Type)).Select(Member)];
        return later.Length == 0 ? null : Choice(later);
    }

    private GrammarNode Member(KeysShape keys) =>
        Sequence(new GrammarNode.Regular(JsonText.Of(keys.Keys)), _colon, Value(keys.Type));

    private GrammarNode Member(MemberShape member) =>
        Sequence(Literal(JsonText.Written(member.Name)), _colon, Value(member.Type));

    private GrammarNode Free(MemberShape[] live, GrammarNode? extra, GrammarNode? witness, GrammarNode? later)
    {
        GrammarNode[] members = [.. live.Select(Member)];
        GrammarNode after = later is null ? GrammarNode.Empty : Repeat(Sequence(_comma, later), 0, null);
        GrammarNode between = extra is null ? GrammarNode.Empty : Repeat(Sequence(_comma, extra), 0, null);
        GrammarNode tail = witness is null ? after : Sequence(between, _comma, witness, after);
        int first = System.Array.FindIndex(live, member => member.Required);
        // Before what must come, a comma stands behind each key; after it, before each.
        int border = first < 0 ? live.Length : first;
        IEnumerable<GrammarNode> before = members[..border].Select(member => Optional(Sequence(member, _comma)));
        if (first >= 0)
        {
            IEnumerable<GrammarNode> rest = members.Zip(live).Skip(first + 1)
                .Select(pair => pair.Second.Required ? Sequence(_comma, pair.First) : Optional(Sequence(_comma, pair.First)));
            return Sequence([.. before, members[first], .. rest, tail]);
        }
        if (witness is not null)
        {
            GrammarNode ahead = extra is null ? GrammarNode.Empty : Repeat(Sequence(extra, _comma), 0, null);
            return Sequence([.. before, ahead, witness, after]);
        }
        // Nothing must come: the first that comes has no comma, all after it have one.
        var alternatives = new List<GrammarNode> { GrammarNode.Empty };
        if (extra is not null)
            alternatives.Add(Sequence(extra, after));
        GrammarNode following = after;
        for (int i = members.Length - 1; i >= 0; i--)
        {
            alternatives.Add(Sequence(members[i], following));
            if (i == 0)
                continue;
            GrammarNode chain = Sequence(Optional(Sequence(_comma, members[i])), following);
            if (members.Length - i > 1)
            {
                GrammarNode.Rule rule = Rule($"keys after {live[i - 1].Name}");
                _rules.Define(rule, chain);
                chain = rule;
            }
            following = chain;
        }
        return Choice(alternatives);
    }

    /// <summary>Keys with a limit on their number: known ones are counted one by one, others as a repetition.</summary>
    private GrammarNode Counted(ObjectShape shape, MemberShape[] live, GrammarNode? extra)
    {
        GrammarNode Others(int count)
        {
            int least = Math.Max(0, shape.Min - count);
            int? most = shape.Max - count;
            if (least > 1 && extra is not null)
            {
                throw Refused("minProperties", $"{least} keys would have to differ that the schema does not name; name them "
                    + "under properties.", shape.Pointer);
            }
            if (most < least || (extra is null && least > 0))
                return Nowhere;
            if (extra is null || most == 0)
                return GrammarNode.Empty;
            if (count > 0)
                return Repeat(Sequence(_comma, extra), least, most);
            GrammarNode some = Sequence(extra, Repeat(Sequence(_comma, extra), 0, most - 1));
            return least == 0 ? Choice([GrammarNode.Empty, some]) : some;
        }
        GrammarNode[] members = [.. live.Select(Member)];
        if (live.All(member => member.Required))
        {
            IEnumerable<GrammarNode> all = members.Select((member, index) => index == 0 ? member : Sequence(_comma, member));
            return Sequence([.. all, Others(live.Length)]);
        }
        if (live.Length * live.Length > MaxStates)
            throw Refused("maxProperties", $"{live.Length} keys that may be left out are too many to count.", shape.Pointer);
        var rules = new Dictionary<(int, int), GrammarNode>();
        GrammarNode From(int index, int count)
        {
            if (shape.Max is null)
                count = Math.Min(count, Math.Max(shape.Min, 1));
            if (count > shape.Max)
                return Nowhere;
            if (index == members.Length)
                return Others(count);
            if (rules.TryGetValue((index, count), out GrammarNode? known))
                return known;
            GrammarNode.Rule rule = Rule($"{count} keys, then {live[index].Name}");
            rules[(index, count)] = rule;
            var taken = Sequence(count == 0 ? GrammarNode.Empty : _comma, members[index], From(index + 1, count + 1));
            _rules.Define(rule, Choice(live[index].Required ? [taken] : [taken, From(index + 1, count)]));
            return rule;
        }
        return From(0, 0);
    }
}
