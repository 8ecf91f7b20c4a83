using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>Texts that a string may have: of a language, of a length in characters.</summary>
/// <param name="Language">What they are.</param>
/// <param name="Min">Fewest characters.</param>
/// <param name="Max">Most characters; null: no limit.</param>
internal sealed record StringShape(ByteDfa Language, int Min, int? Max)
{
    /// <summary>Any text.</summary>
    public static StringShape Any { get; } = new(Generation.Language.Any, 0, null);
}

/// <summary>
/// Numbers, as texts of plain decimals (no exponent). A value is in the set with all its spellings (<c>1</c>, <c>1.0</c>), so
/// that
/// sets of texts can be reckoned with like sets of values.
/// </summary>
/// <param name="Plain">The decimals.</param>
/// <param name="Exponents">Whether spellings with an exponent are allowed too: only where any number is.</param>
internal sealed record NumberShape(ByteDfa Plain, bool Exponents)
{
    /// <summary>Any number.</summary>
    public static NumberShape Any { get; } = new(Decimals.Plain, true);

    /// <summary>No number.</summary>
    public static NumberShape None { get; } = new(Language.None, false);

    /// <summary>What is in both.</summary>
    public NumberShape And(NumberShape other) => new(Language.Intersect(Plain, other.Plain), Exponents && other.Exponents);

    /// <summary>What is in one.</summary>
    public NumberShape Or(NumberShape other) => new(Language.Union(Plain, other.Plain), Exponents || other.Exponents);

    /// <summary>All other numbers.</summary>
    public NumberShape Not()
    {
        ByteDfa rest = Language.Except(Decimals.Plain, Plain);
        return new NumberShape(rest, !Exponents && Language.AreEqual(rest, Decimals.Plain));
    }
}

/// <summary>How often an array must have items of a type.</summary>
/// <param name="Type">The type.</param>
/// <param name="Min">Fewest.</param>
/// <param name="Max">Most; null: no limit.</param>
/// <param name="From">The first item that counts.</param>
/// <param name="Pointer">Where the schema says so.</param>
internal sealed record ContainsShape(int Type, int Min, int? Max, int From, string Pointer);

/// <summary>Arrays of one shape. Types are numbers of conjunctions (<see cref="SchemaTypes"/>).</summary>
internal sealed record ArrayShape
{
    /// <summary>Any array.</summary>
    public static ArrayShape Any { get; } = new();

    /// <summary>Types of the first items.</summary>
    public ImmutableArray<int> Prefix { get; init; } = [];

    /// <summary>Type of all others.</summary>
    public int Rest { get; init; } = SchemaTypes.Anything;

    /// <summary>Fewest items.</summary>
    public int Min { get; init; }

    /// <summary>Most items; null: no limit.</summary>
    public int? Max { get; init; }

    /// <summary>What must be among the items.</summary>
    public ImmutableArray<ContainsShape> Contains { get; init; } = [];

    /// <summary>Where the schema says that no two items are equal; null: it does not.</summary>
    public string? Unique { get; init; }

    /// <summary>Number of items, from the first, that some keyword looked at (for <c>unevaluatedItems</c>).</summary>
    public int Evaluated { get; init; }

    /// <summary>Types of the items that <c>contains</c> has looked at, which are no more unevaluated.</summary>
    public ImmutableArray<int> EvaluatedTypes { get; init; } = [];

    /// <summary>Type of an item.</summary>
    public int TypeOf(int index) => index < Prefix.Length ? Prefix[index] : Rest;
}

/// <summary>A key of an object that is known by name.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">Type of its value; <see cref="SchemaTypes.Nothing"/>: the key is forbidden.</param>
/// <param name="Required">Whether it must be there.</param>
internal sealed record MemberShape(string Name, int Type, bool Required);

/// <summary>Keys of an object that are known by a language; keys with a <see cref="MemberShape"/> are never meant.</summary>
/// <param name="Keys">The keys.</param>
/// <param name="Type">Type of their values.</param>
internal sealed record KeysShape(ByteDfa Keys, int Type);

/// <summary>Objects of one shape. Keys that are neither a member nor in a class are forbidden.</summary>
internal sealed record ObjectShape
{
    /// <summary>Any object.</summary>
    public static ObjectShape Any { get; } = new() { Classes = [new KeysShape(Language.Any, SchemaTypes.Anything)] };

    /// <summary>Known keys, in the order of the schema.</summary>
    public ImmutableArray<MemberShape> Members { get; init; } = [];

    /// <summary>Other keys, languages without a common key.</summary>
    public ImmutableArray<KeysShape> Classes { get; init; } = [];

    /// <summary>Fewest keys.</summary>
    public int Min { get; init; }

    /// <summary>Most keys; null: no limit.</summary>
    public int? Max { get; init; }

    /// <summary>There must be a key of each of these languages with a value of its type.</summary>
    public ImmutableArray<KeysShape> Exists { get; init; } = [];

    /// <summary>Keys that some keyword looked at (for <c>unevaluatedProperties</c>).</summary>
    public ByteDfa Evaluated { get; init; } = Language.None;

    /// <summary>Where the schema limits the number of keys.</summary>
    public string Pointer { get; init; } = "";

    /// <summary>The members by their keys.</summary>
    public Dictionary<string, MemberShape> ByName() => Members.ToDictionary(member => member.Name, StringComparer.Ordinal);

    /// <summary>Type of the value of a key that is no member.</summary>
    public int ClassOf(string name)
    {
        if (Classes is [var only] && ReferenceEquals(only.Keys, Language.Any))
            return only.Type;
        byte[] key = System.Text.Encoding.UTF8.GetBytes(name);
        return Classes.FirstOrDefault(keys => Language.Contains(keys.Keys, key))?.Type ?? SchemaTypes.Nothing;
    }
}

/// <summary>A set of JSON values, type by type: each is one of these shapes.</summary>
internal sealed record ValueSet
{
    /// <summary>No value.</summary>
    public static ValueSet None { get; } = new();

    /// <summary>Any value.</summary>
    public static ValueSet Any { get; } = new()
    {
        Null = true,
        True = true,
        False = true,
        Numbers = NumberShape.Any,
        Strings = [StringShape.Any],
        Arrays = [ArrayShape.Any],
        Objects = [ObjectShape.Any],
    };

    /// <summary>Whether null is in it.</summary>
    public bool Null { get; init; }

    /// <summary>Whether true is in it.</summary>
    public bool True { get; init; }

    /// <summary>Whether false is in it.</summary>
    public bool False { get; init; }

    /// <summary>The numbers.</summary>
    public NumberShape Numbers { get; init; } = NumberShape.None;

    /// <summary>The strings: those of one of these.</summary>
    public ImmutableArray<StringShape> Strings { get; init; } = [];

    /// <summary>The arrays.</summary>
    public ImmutableArray<ArrayShape> Arrays { get; init; } = [];

    /// <summary>The objects.</summary>
    public ImmutableArray<ObjectShape> Objects { get; init; } = [];
}
