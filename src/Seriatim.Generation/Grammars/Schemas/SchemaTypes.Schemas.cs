using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Seriatim.Generation;

/// <content>From a schema to its set of values: the keywords that lead to other schemas.</content>
internal sealed partial class SchemaTypes
{
    private const int MaxSubsets = 6;

    private ValueSet Expand(Conjunct part)
    {
        if (_parts.TryGetValue(part, out ValueSet? known))
            return known;
        if (++_places > MaxPlaces || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            string keyword = part.Node < 0 ? "anyOf" : FirstOf(_document[part.Node], InPlace);
            throw SchemaDocument.Error(part.Node < 0 ? "" : _document[part.Node].Pointer, keyword, $"{keyword} cannot be "
                + $"enforced: schemas refer to each other through more than {MaxPlaces} places; refer to the last one.");
        }
        ValueSet set = ExpandAnew(part);
        _places--;
        return _parts[part] = set;
    }

    private ValueSet ExpandAnew(Conjunct part)
    {
        if (part.Node < 0)
        {
            int[] types = _unions[-1 - part.Node];
            return part.Negated
                ? types.Aggregate(ValueSet.Any, (all, type) => And(all, Values(Or(Not(type)))))
                : types.Aggregate(ValueSet.None, (any, type) => Or(any, Values(type)));
        }
        SchemaNode node = _document[part.Node];
        if (!_inPlace.Add(part))
            throw SchemaDocument.Error(node.Pointer, "$ref", "$ref leads back to itself without a value in between.");
        ValueSet set;
        if (node.IsValue)
            set = part.Negated ? Not(ValuesOf(node)) : ValuesOf(node);
        else
            set = part.Negated ? ExpandNegated(node, part.Scope) : ExpandSchema(node, part.Scope);
        _inPlace.Remove(part);
        return set;
    }

    private ValueSet Of(SchemaNode schema, int scope, bool negated)
    {
        int type = TypeOf(schema, scope);
        return type switch
        {
            Anything => negated ? ValueSet.None : ValueSet.Any,
            Nothing => negated ? ValueSet.Any : ValueSet.None,
            _ => Expand(_types[type][0] with { Negated = negated }),
        };
    }

    private ValueSet ExpandSchema(SchemaNode node, int scope)
    {
        bool refAlone = node.Resource.Draft <= 7 && Has(node, "$ref", out _);
        ValueSet all = refAlone ? ValueSet.Any : Own(node, scope);
        foreach ((string keyword, SchemaNode target, int reached) in References(node, scope))
            all = For(node, keyword, () => And(all, Of(target, reached, false)));
        if (refAlone)
            return all;
        foreach (SchemaNode part in List(node, "allOf"))
            all = For(node, "allOf", () => And(all, Of(part, scope, false)));
        if (Has(node, "not", out JsonElement not))
            all = For(node, "not", () => And(all, WithoutNotes(Of(_document.Child(node, "not", not), scope, true))));
        if (Has(node, "if", out JsonElement condition))
            all = For(node, "if", () => Conditional(all, node, condition, scope));
        all = Dependencies(all, node, scope);
        if (Has(node, "oneOf", out _))
            all = For(node, "oneOf", () => OneOf(all, node, scope));
        if (Has(node, "anyOf", out _))
            all = For(node, "anyOf", () => AnyOf(all, node, scope));
        return Unevaluated(all, node, scope);
    }

    /// <summary>The values that a schema does not allow: those that one of its keywords does not.</summary>
    private ValueSet ExpandNegated(SchemaNode node, int scope)
    {
        if (Has(node, "unevaluatedItems", out _) || Has(node, "unevaluatedProperties", out _) || Has(node, "oneOf", out _)
            || Has(node, "dependentSchemas", out _) || Has(node, "dependentRequired", out _) || Has(node, "dependencies", out _))
            return Not(ExpandSchema(node, scope));
        bool refAlone = node.Resource.Draft <= 7 && Has(node, "$ref", out _);
        ValueSet none = refAlone ? ValueSet.None : Not(Own(node, scope));
        foreach ((string keyword, SchemaNode target, int reached) in References(node, scope))
            none = For(node, keyword, () => Or(none, Of(target, reached, true)));
        if (refAlone)
            return none;
        foreach (SchemaNode part in List(node, "allOf"))
            none = For(node, "allOf", () => Or(none, Of(part, scope, true)));
        if (Has(node, "not", out JsonElement not))
            none = For(node, "not", () => Or(none, Of(_document.Child(node, "not", not), scope, false)));
        if (Has(node, "anyOf", out _))
        {
            none = For(node, "anyOf", () => Or(none, List(node, "anyOf").Aggregate(ValueSet.Any,
                (all, branch) => And(all, Of(branch, scope, true)))));
        }
        if (!Has(node, "if", out JsonElement condition))
            return none;
        SchemaNode test = _document.Child(node, "if", condition);
        return For(node, "if", () => Or(none, Or(And(Of(test, scope, false), Branch(node, "then", scope, true)),
            And(Of(test, scope, true), Branch(node, "else", scope, true)))));
    }

    private ValueSet Branch(SchemaNode node, string keyword, int scope, bool negated) =>
        Has(node, keyword, out JsonElement branch)
            ? Of(_document.Child(node, keyword, branch), scope, negated) : negated ? ValueSet.None : ValueSet.Any;

    private ValueSet Conditional(ValueSet all, SchemaNode node, JsonElement condition, int scope)
    {
        bool matters = Has(node, "then", out _) || Has(node, "else", out _) || _document.TracksEvaluated;
        if (!matters)
            return all;
        SchemaNode test = _document.Child(node, "if", condition);
        ValueSet yes = And(And(all, Of(test, scope, false)), Branch(node, "then", scope, false));
        ValueSet no = And(And(all, WithoutNotes(Of(test, scope, true))), Branch(node, "else", scope, false));
        return Or(yes, no);
    }

    private ValueSet AnyOf(ValueSet all, SchemaNode node, int scope)
    {
        ValueSet[] branches = [.. List(node, "anyOf").Select(branch => And(all, Of(branch, scope, false)))];
        // Where only our own strictness asks, a branch's own keys are all that may come with it.
        if (!_document.TracksEvaluated || branches.Length == 1)
            return branches.Aggregate(ValueSet.None, Or);
        // What each matching branch has evaluated counts: so each set of branches that may match is a case of its own.
        if (branches.Length > MaxSubsets)
            throw new CannotExpressException($"unevaluated keywords need each of its {branches.Length} branches by all others");
        ValueSet any = ValueSet.None;
        for (int subset = 1; subset < 1 << branches.Length; subset++)
        {
            ValueSet[] matching = [.. branches.Where((_, index) => (subset >> index & 1) == 1)];
            any = Or(any, matching.Skip(1).Aggregate(matching[0], And));
        }
        return any;
    }

    /// <summary>
    /// Exactly one branch: any of them where no two have a common value, as most are written; else each without those that it has
    /// values in common with.
    /// </summary>
    private ValueSet OneOf(ValueSet all, SchemaNode node, int scope)
    {
        SchemaNode[] schemas = [.. List(node, "oneOf")];
        ValueSet[] branches = [.. schemas.Select(branch => And(all, Of(branch, scope, false)))];
        var alone = (ValueSet[])branches.Clone();
        for (int i = 0; i < branches.Length; i++)
        {
            for (int j = i + 1; j < branches.Length; j++)
            {
                if (IsEmpty(And(branches[i], branches[j])))
                    continue;
                alone[i] = And(alone[i], WithoutNotes(Of(schemas[j], scope, true)));
                alone[j] = And(alone[j], WithoutNotes(Of(schemas[i], scope, true)));
            }
        }
        return alone.Aggregate(ValueSet.None, Or);
    }

    /// <summary>Objects that must have a key, or must not.</summary>
    private static ValueSet With(string name, bool required) => ValueSet.None with
    {
        Objects = [ObjectShape.Any with { Members = [new MemberShape(name, required ? Anything : Nothing, required)] }],
    };

    private ValueSet Dependencies(ValueSet all, SchemaNode node, int scope)
    {
        foreach (string keyword in (string[])["dependentRequired", "dependentSchemas", "dependencies"])
        {
            if (!Has(node, keyword, out JsonElement map))
                continue;
            foreach (JsonProperty property in Map(node, keyword, map))
            {
                ValueSet absent = ValueSet.Any with { Objects = With(property.Name, required: false).Objects };
                all = For(node, keyword, () =>
                {
                    ValueSet present = With(property.Name, required: true);
                    if (property.Value.ValueKind == JsonValueKind.Array && keyword != "dependentSchemas")
                    {
                        present = Strings(node, keyword, property.Value)
                            .Aggregate(present, (set, name) => And(set, With(name, required: true)));
                    }
                    else
                    {
                        present = And(present, Of(_document.Child(node, keyword, property.Name, property.Value), scope, false));
                    }
                    return Or(And(all, absent), And(all, present));
                });
            }
        }
        return all;
    }

    private IEnumerable<(string Keyword, SchemaNode Target, int Scope)> References(SchemaNode node, int scope)
    {
        if (Has(node, "$ref", out JsonElement reference))
            yield return ("$ref", _document.Resolve(node, "$ref", Text(node, "$ref", reference)).Node, scope);
        if (node.Resource.Draft >= 2020 && Has(node, "$dynamicRef", out reference))
            yield return ("$dynamicRef", Dynamic(node, "$dynamicRef", Text(node, "$dynamicRef", reference), scope), scope);
        if (node.Resource.Draft == 2019 && Has(node, "$recursiveRef", out reference))
            yield return ("$recursiveRef", Dynamic(node, "$recursiveRef", Text(node, "$recursiveRef", reference), scope), scope);
    }

    /// <summary>The target of a dynamic reference: the outermost of the resources we came through that has its anchor.</summary>
    private SchemaNode Dynamic(SchemaNode node, string keyword, string reference, int scope)
    {
        (SchemaNode target, string? anchor) = _document.Resolve(node, keyword, reference);
        if (keyword == "$recursiveRef" && target.Resource.DynamicAnchors.ContainsKey(""))
            anchor = "";
        if (anchor is null)
            return target;
        foreach (int entered in _scopes[scope])
        {
            if (_document.Resource(entered).DynamicAnchors.TryGetValue(anchor, out string? pointer))
                return _document.At(pointer, node, keyword, reference);
        }
        return target;
    }

    /// <summary>The same values, without what was evaluated: <c>not</c> gives no notes away.</summary>
    private static ValueSet WithoutNotes(ValueSet set) => set with
    {
        Arrays = [.. set.Arrays.Select(shape => shape with { Evaluated = 0, EvaluatedTypes = [] })],
        Objects = [.. set.Objects.Select(shape => shape with { Evaluated = Language.None })],
    };

    private ValueSet Unevaluated(ValueSet all, SchemaNode node, int scope)
    {
        if (node.Resource.Draft >= 2019 && Has(node, "unevaluatedProperties", out JsonElement properties))
        {
            int type = TypeOf(_document.Child(node, "unevaluatedProperties", properties), scope);
            all = For(node, "unevaluatedProperties", () => all with
            {
                Objects = Distinct(all.Objects.Select(shape => And(shape, UnevaluatedKeys(shape, type))), Same),
            });
        }
        if (node.Resource.Draft >= 2019 && Has(node, "unevaluatedItems", out JsonElement items))
        {
            int type = TypeOf(_document.Child(node, "unevaluatedItems", items), scope);
            all = For(node, "unevaluatedItems", () => all with
            {
                Arrays = Distinct(all.Arrays.Select(shape => And(shape, UnevaluatedItems(shape, type))), Same),
            });
        }
        return all;
    }

    private static ObjectShape UnevaluatedKeys(ObjectShape shape, int type)
    {
        var seen = new KeysShape(shape.Evaluated, Anything);
        return new ObjectShape
        {
            Classes = type == Nothing ? [seen] : [seen, new KeysShape(Language.Complement(shape.Evaluated), type)],
            Evaluated = Language.Any,
        };
    }

    private ArrayShape UnevaluatedItems(ArrayShape shape, int type)
    {
        if (shape.Evaluated == int.MaxValue || type == Anything)
            return ArrayShape.Any with { Evaluated = int.MaxValue };
        // Items that contains has found are evaluated, wherever they are.
        int rest = Or([type, .. shape.EvaluatedTypes]);
        return new ArrayShape
        {
            Prefix = [.. Enumerable.Repeat(Anything, shape.Evaluated)],
            Rest = rest,
            Max = rest == Nothing ? shape.Evaluated : null,
            Evaluated = int.MaxValue,
        };
    }
}
