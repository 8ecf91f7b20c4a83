using System.Collections.Immutable;
using System.Text;

namespace Seriatim.Generation;

/// <content>Sets of values: what is in both, in one, in none.</content>
internal sealed partial class SchemaTypes
{
    private const int MaxShapes = 400;

    private const int MaxJoins = 100_000;

    private readonly Dictionary<(ByteDfa Keys, string Names), ByteDfa> _others = [];
    private int _joins;

    /// <summary>What is in both.</summary>
    internal ValueSet And(ValueSet one, ValueSet other)
    {
        if (ReferenceEquals(one, ValueSet.Any))
            return other;
        if (ReferenceEquals(other, ValueSet.Any))
            return one;
        return new ValueSet
        {
            Null = one.Null && other.Null,
            True = one.True && other.True,
            False = one.False && other.False,
            Numbers = one.Numbers.And(other.Numbers),
            Strings = StringShapes.And(one.Strings, other.Strings),
            Arrays = Distinct(one.Arrays.SelectMany(a => other.Arrays.Select(b => And(a, b))), Same),
            Objects = Distinct(one.Objects.SelectMany(a => other.Objects.Select(b => And(a, b))), Same),
        };
    }

    /// <summary>What is in one.</summary>
    internal ValueSet Or(ValueSet one, ValueSet other) => new()
    {
        Null = one.Null || other.Null,
        True = one.True || other.True,
        False = one.False || other.False,
        Numbers = one.Numbers.Or(other.Numbers),
        Strings = StringShapes.Or(one.Strings, other.Strings),
        Arrays = Distinct(one.Arrays.Concat(other.Arrays), Same),
        Objects = Distinct(one.Objects.Concat(other.Objects), Same),
    };

    /// <summary>All other values.</summary>
    internal ValueSet Not(ValueSet set) => new()
    {
        Null = !set.Null,
        True = !set.True,
        False = !set.False,
        Numbers = set.Numbers.Not(),
        Strings = StringShapes.Not(set.Strings),
        Arrays = set.Arrays.Aggregate(ImmutableArray.Create(ArrayShape.Any), (rest, shape) =>
            Distinct(Not(shape).SelectMany(other => rest.Select(a => And(a, other))), Same)),
        Objects = set.Objects.Aggregate(ImmutableArray.Create(ObjectShape.Any), (rest, shape) =>
            Distinct(Not(shape).SelectMany(other => rest.Select(a => And(a, other))), Same)),
    };

    private static ImmutableArray<T> Distinct<T>(IEnumerable<T?> shapes, Func<T, T, bool> same)
        where T : class
    {
        var distinct = ImmutableArray.CreateBuilder<T>();
        foreach (T? shape in shapes)
        {
            if (shape is null || distinct.Any(other => same(other, shape)))
                continue;
            distinct.Add(shape);
            if (distinct.Count > MaxShapes)
                throw new CannotExpressException($"it has more than {MaxShapes} cases");
        }
        return distinct.ToImmutable();
    }

    private static bool Same(ArrayShape one, ArrayShape other) => one.Rest == other.Rest && one.Min == other.Min
        && one.Max == other.Max && one.Unique == other.Unique && one.Evaluated == other.Evaluated
        && one.Prefix.AsSpan().SequenceEqual(other.Prefix.AsSpan()) && one.Contains.SequenceEqual(other.Contains)
        && one.EvaluatedTypes.SequenceEqual(other.EvaluatedTypes);

    private static bool Same(ObjectShape one, ObjectShape other) => one.Min == other.Min && one.Max == other.Max
        && one.Members.SequenceEqual(other.Members) && Same(one.Classes, other.Classes) && Same(one.Exists, other.Exists)
        && Language.AreEqual(one.Evaluated, other.Evaluated);

    private static bool Same(ImmutableArray<KeysShape> one, ImmutableArray<KeysShape> other) => one.Length == other.Length
        && one.Zip(other).All(pair => pair.First.Type == pair.Second.Type
            && Language.AreEqual(pair.First.Keys, pair.Second.Keys));

    private ArrayShape? And(ArrayShape one, ArrayShape other)
    {
        int prefix = Math.Max(one.Prefix.Length, other.Prefix.Length);
        var types = ImmutableArray.CreateBuilder<int>();
        int? max = StringShapes.Least(one.Max, other.Max);
        for (int i = 0; i < prefix && !(i >= max); i++)
        {
            int type = And(one.TypeOf(i), other.TypeOf(i));
            if (IsFresh(type, one.TypeOf(i), other.TypeOf(i)) && IsEmpty(type))
                type = Nothing;
            types.Add(type);
            if (type == Nothing)
                max = i;
        }
        int rest = And(one.Rest, other.Rest);
        if (IsFresh(rest, one.Rest, other.Rest) && IsEmpty(rest))
            rest = Nothing;
        if (rest == Nothing)
            max = StringShapes.Least(max, prefix);
        var both = new ArrayShape
        {
            Prefix = types.ToImmutable(),
            Rest = rest,
            Min = Math.Max(one.Min, other.Min),
            Max = max,
            Contains = [.. one.Contains.Concat(other.Contains).Distinct()],
            Unique = one.Unique ?? other.Unique,
            Evaluated = Math.Max(one.Evaluated, other.Evaluated),
            EvaluatedTypes = [.. one.EvaluatedTypes.Concat(other.EvaluatedTypes).Distinct()],
        };
        return both.Min > both.Max ? null : both;
    }

    private static bool IsFresh(int type, int one, int other) => type != one && type != other;

    private ObjectShape? And(ObjectShape one, ObjectShape other)
    {
        if (ReferenceEquals(one, ObjectShape.Any))
            return other;
        if (ReferenceEquals(other, ObjectShape.Any))
            return one;
        if (++_joins > MaxJoins)
            throw new CannotExpressException($"its cases are joined in more than {MaxJoins} ways");
        var members = ImmutableArray.CreateBuilder<MemberShape>();
        Dictionary<string, MemberShape> ofOne = one.ByName(), ofOther = other.ByName();
        foreach (string name in one.Members.Concat(other.Members.Where(member => !ofOne.ContainsKey(member.Name)))
            .Select(member => member.Name))
        {
            MemberShape? first = ofOne.GetValueOrDefault(name), second = ofOther.GetValueOrDefault(name);
            bool required = first is { Required: true } || second is { Required: true };
            int a = first?.Type ?? one.ClassOf(name), b = second?.Type ?? other.ClassOf(name), type = And(a, b);
            if (IsFresh(type, a, b) && IsEmpty(type))
                type = Nothing;
            if (required && type == Nothing)
                return null;
            members.Add(new MemberShape(name, type, required));
        }
        var both = new ObjectShape
        {
            Members = members.ToImmutable(),
            Classes = And(one.Classes, other.Classes),
            Min = Math.Max(one.Min, other.Min),
            Max = StringShapes.Least(one.Max, other.Max),
            Exists = [.. one.Exists.Concat(other.Exists).Distinct()],
            Evaluated = TracksKeys ? Language.Union(one.Evaluated, other.Evaluated) : Language.None,
            Pointer = one.Pointer.Length > 0 ? one.Pointer : other.Pointer,
        };
        int possible = both.Classes.IsEmpty ? both.Members.Count(member => member.Type != Nothing) : int.MaxValue;
        bool impossible = both.Min > both.Max || both.Min > possible || members.Count(member => member.Required) > both.Max;
        return impossible || both.Exists.Any(keys => !MayExist(both, keys)) ? null : both;
    }

    private ImmutableArray<KeysShape> And(ImmutableArray<KeysShape> one, ImmutableArray<KeysShape> other)
    {
        var classes = ImmutableArray.CreateBuilder<KeysShape>();
        foreach (KeysShape a in one)
        {
            foreach (KeysShape b in other)
            {
                int type = And(a.Type, b.Type);
                if (type == Nothing || (IsFresh(type, a.Type, b.Type) && IsEmpty(type)))
                    continue;
                ByteDfa keys = Language.Intersect(a.Keys, b.Keys);
                if (!keys.IsEmpty)
                    classes.Add(new KeysShape(keys, type));
            }
        }
        return classes.ToImmutable();
    }

    private bool MayExist(ObjectShape shape, KeysShape wanted) =>
        shape.Members.Any(member => Language.Contains(wanted.Keys, Encoding.UTF8.GetBytes(member.Name))
            && !IsEmpty(And(member.Type, wanted.Type)))
        || shape.Classes.Any(keys => !IsEmpty(And(keys.Type, wanted.Type))
            && !Language.Intersect(OthersOf(shape, keys), wanted.Keys).IsEmpty);

    /// <summary>The keys of a class without those that are members.</summary>
    internal ByteDfa OthersOf(ObjectShape shape, KeysShape keys)
    {
        string[] names = [.. shape.Members.Select(member => member.Name)
            .Where(name => Language.Contains(keys.Keys, Encoding.UTF8.GetBytes(name))).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
            return keys.Keys;
        string key = string.Join('\0', names);
        if (!_others.TryGetValue((keys.Keys, key), out ByteDfa? others))
            _others[(keys.Keys, key)] = others = Language.Except(keys.Keys, Language.Texts(names));
        return others;
    }

    private IEnumerable<ArrayShape> Not(ArrayShape shape)
    {
        if (shape.Unique is { } place)
            throw new CannotExpressException($"uniqueItems at {place} cannot be turned around");
        for (int i = 0; i < shape.Prefix.Length; i++)
        {
            int index = i;
            foreach (int type in Not(shape.Prefix[i]))
            {
                yield return new ArrayShape
                {
                    Prefix = [.. Enumerable.Range(0, i + 1).Select(j => j == index ? type : Anything)],
                    Min = i + 1,
                };
            }
        }
        foreach (int type in Not(shape.Rest))
        {
            if (type == Anything)
                yield return new ArrayShape { Min = shape.Prefix.Length + 1 };
            else
                yield return new ArrayShape { Contains = [new ContainsShape(type, 1, null, shape.Prefix.Length, PlaceOf(type))] };
        }
        if (shape.Min > 0)
            yield return new ArrayShape { Max = shape.Min - 1 };
        if (shape.Max is { } max)
            yield return new ArrayShape { Min = max + 1 };
        foreach (ContainsShape contains in shape.Contains)
        {
            if (contains.Min > 0)
                yield return new ArrayShape { Contains = [contains with { Min = 0, Max = contains.Min - 1 }] };
            if (contains.Max is { } most)
                yield return new ArrayShape { Contains = [contains with { Min = most + 1, Max = null }] };
        }
    }

    private IEnumerable<ObjectShape> Not(ObjectShape shape)
    {
        static ObjectShape With(string name, int type, bool required) =>
            ObjectShape.Any with { Members = [new MemberShape(name, type, required)] };
        ByteDfa rest = Language.Any;
        foreach (MemberShape member in shape.Members)
        {
            if (member.Required)
                yield return With(member.Name, Nothing, false);
            foreach (int type in Not(member.Type))
                yield return With(member.Name, type, true);
        }
        foreach (KeysShape keys in shape.Classes)
        {
            rest = ReferenceEquals(keys.Keys, Language.Any) ? Language.None : Language.Except(rest, keys.Keys);
            if (keys.Type == Anything)
                continue;
            ByteDfa others = OthersOf(shape, keys);
            foreach (int type in others.IsEmpty ? [] : Not(keys.Type))
                yield return ObjectShape.Any with { Exists = [new KeysShape(others, type)] };
        }
        if (!rest.IsEmpty && OthersOf(shape, new KeysShape(rest, Anything)) is { IsEmpty: false } unknown)
            yield return ObjectShape.Any with { Exists = [new KeysShape(unknown, Anything)] };
        if (shape.Min > 0)
            yield return ObjectShape.Any with { Max = shape.Min - 1, Pointer = shape.Pointer };
        if (shape.Max is { } max)
            yield return ObjectShape.Any with { Min = max + 1, Pointer = shape.Pointer };
        foreach (KeysShape keys in shape.Exists)
        {
            int type = Or(Not(keys.Type));
            var free = new KeysShape(Language.Complement(keys.Keys), Anything);
            yield return new ObjectShape { Classes = type == Nothing ? [free] : [new KeysShape(keys.Keys, type), free] };
        }
    }
}
