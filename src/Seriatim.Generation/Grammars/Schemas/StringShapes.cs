using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>Sets of strings: a language, and a length in characters.</summary>
internal static class StringShapes
{
    private const int MaxLength = 4_096;

    /// <summary>What is in both.</summary>
    public static ImmutableArray<StringShape> And(ImmutableArray<StringShape> one, ImmutableArray<StringShape> other) =>
        [.. one.SelectMany(a => other.Select(b => Normal(new StringShape(Language.Intersect(a.Language, b.Language),
            Math.Max(a.Min, b.Min), Least(a.Max, b.Max))))).Where(shape => !IsEmpty(shape))];

    /// <summary>What is in one.</summary>
    public static ImmutableArray<StringShape> Or(ImmutableArray<StringShape> one, ImmutableArray<StringShape> other)
    {
        if (one.Concat(other).FirstOrDefault(shape => IsAny(shape)) is { } any)
            return [any];
        StringShape[] free = [.. one.Concat(other).Where(shape => shape is { Min: 0, Max: null })];
        ByteDfa language = Language.Union([.. free.Select(shape => shape.Language)]);
        StringShape[] bounded = [.. one.Concat(other).Where(shape => shape is not { Min: 0, Max: null })];
        return language.IsEmpty ? [.. bounded] : [new StringShape(language, 0, null), .. bounded];
    }

    /// <summary>All other strings.</summary>
    public static ImmutableArray<StringShape> Not(ImmutableArray<StringShape> shapes)
    {
        ImmutableArray<StringShape> rest = [StringShape.Any];
        foreach (StringShape shape in shapes)
        {
            var others = ImmutableArray.CreateBuilder<StringShape>();
            others.Add(new StringShape(Language.Complement(shape.Language), 0, null));
            if (shape.Min > 0)
                others.Add(new StringShape(Language.Any, 0, shape.Min - 1));
            if (shape.Max is { } max)
                others.Add(new StringShape(Language.Any, max + 1, null));
            rest = And(rest, others.ToImmutable());
        }
        return rest;
    }

    /// <summary>Whether it has no string.</summary>
    public static bool IsEmpty(StringShape shape) => shape.Language.IsEmpty || shape.Max < shape.Min;

    /// <summary>The least of two limits.</summary>
    public static int? Least(int? one, int? other) =>
        one is null ? other : other is null ? one : Math.Min(one.Value, other.Value);

    /// <summary>A set as a language alone: the length counted in it.</summary>
    public static ByteDfa Counted(StringShape shape)
    {
        if (shape is { Min: 0, Max: null })
            return shape.Language;
        if (IsEmpty(shape))
            return Language.None;
        return Language.Intersect(shape.Language, Language.Characters(CodePointSet.All, shape.Min, shape.Max));
    }

    private static bool IsAny(StringShape shape) =>
        ReferenceEquals(shape.Language, Language.Any) && shape is { Min: 0, Max: null };

    /// <summary>The same set, with its length inside the language where the language says more than "any".</summary>
    private static StringShape Normal(StringShape shape)
    {
        if (ReferenceEquals(shape.Language, Language.Any) || shape is { Min: 0, Max: null } || IsEmpty(shape))
            return shape;
        if (Language.AreEqual(shape.Language, Language.Any))
            return shape with { Language = Language.Any };
        int cap = shape.Max is { } most ? most + 1 : shape.Min;
        if (cap > MaxLength)
            return Shortened(shape);
        ByteDfa values = shape.Language;
        ByteDfa bounded = Language.Explore<(int State, int Length)>((ByteDfa.Start, 0), (at, value) =>
        {
            int next = values.Next(at.State, value);
            int length = value is >= 0x80 and < 0xC0 ? at.Length : Math.Min(at.Length + 1, cap);
            return next < 0 || length > shape.Max ? null : (next, length);
        }, at => values.Accepts(at.State) && at.Length >= shape.Min, ByteClasses.Of(values));
        return new StringShape(bounded, 0, null);
    }

    /// <summary>A length that is too large to count in: left away where the language keeps it by itself.</summary>
    private static StringShape Shortened(StringShape shape)
    {
        if (JsonText.IsFinite(shape.Language) && shape.Max is { } max && shape.Language.States <= max && shape.Min == 0)
            return new StringShape(shape.Language, 0, null);
        throw new LanguageTooLargeException(Nfa.MaxDfaStates);
    }
}
