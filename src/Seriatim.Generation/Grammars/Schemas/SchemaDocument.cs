using System.Globalization;
using System.Text.Json;

namespace Seriatim.Generation;

/// <summary>A JSON Schema with its resources, anchors and references, all inside one document.</summary>
internal sealed class SchemaDocument
{
    private const int MaxDepth = 128;

    private static readonly string[] SchemaKeywords =
    [
        "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames",
        "then", "unevaluatedItems", "unevaluatedProperties",
    ];

    private static readonly string[] SchemaListKeywords = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];

    private static readonly string[] SchemaMapKeywords =
        ["$defs", "definitions", "dependentSchemas", "dependencies", "patternProperties", "properties"];

    private static readonly string[] Notes = ["$comment", "default", "description", "example", "examples", "title"];

    private readonly JsonElement _root;
    private readonly IReadOnlyDictionary<string, string> _documents;
    private readonly Dictionary<string, JsonElement> _others = new(StringComparer.Ordinal);
    private readonly Queue<string> _wanted = new();
    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly List<SchemaNode> _list = [];
    private readonly List<SchemaResource> _resources = [];
    private readonly Dictionary<string, SchemaResource> _byAddress = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SchemaResource> _resourceOf = new(StringComparer.Ordinal);

    private SchemaDocument(JsonElement root, IReadOnlyDictionary<string, string> documents) =>
        (_root, _documents) = (root, documents);

    /// <summary>Whether some reference depends on the way by which it was reached.</summary>
    public bool IsDynamic { get; private set; }

    /// <summary>Whether some schema asks what others have evaluated.</summary>
    public bool TracksEvaluated { get; private set; }

    /// <summary>The whole schema.</summary>
    public SchemaNode Root => Node("", _root, _resources[0], isValue: false);

    /// <summary>The node of a number.</summary>
    public SchemaNode this[int id] => _list[id];

    /// <summary>The resource of a number.</summary>
    public SchemaResource Resource(int id) => _resources[id];

    /// <summary>Reads a document, and of the others those that are referred to.</summary>
    /// <exception cref="GrammarException">It is no JSON, or no JSON Schema of a draft that we know.</exception>
    public static SchemaDocument Parse(string schema, IReadOnlyDictionary<string, string> documents)
    {
        JsonElement root = Read(schema, "");
        var document = new SchemaDocument(root, documents);
        SchemaResource resource = document.AddResource("", "", DraftOf(root, "", 2020));
        document.Scan(root, "", resource);
        while (document._wanted.TryDequeue(out string? address))
            document.Load(address);
        return document;
    }

    private static JsonElement Read(string schema, string place)
    {
        try
        {
            using JsonDocument parsed = JsonDocument.Parse(schema, new JsonDocumentOptions { MaxDepth = MaxDepth });
            CheckTexts(parsed.RootElement, place);
            return parsed.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new GrammarException("JSON Schema", place, $"it is no JSON: {e.Message}");
        }
    }

    /// <summary>Half a surrogate pair cannot be read as text; what nobody reads may have one.</summary>
    private static void CheckTexts(JsonElement element, string place)
    {
        try
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.String:
                    element.GetString();
                    break;
                case JsonValueKind.Array:
                    foreach ((int index, JsonElement item) in element.EnumerateArray().Index())
                        CheckTexts(item, $"{place}/{index}");
                    break;
                case JsonValueKind.Object:
                    foreach (JsonProperty property in element.EnumerateObject())
                    {
                        if (!Notes.Contains(property.Name) || property.Value.ValueKind == JsonValueKind.Object)
                            CheckTexts(property.Value, $"{place}/{Escape(property.Name)}");
                    }
                    break;
            }
        }
        catch (InvalidOperationException)
        {
            throw Error(place, null, "a text here has half a surrogate pair: no UTF-8 text has.");
        }
    }

    /// <summary>Another document: its pointers begin with its address and a #.</summary>
    private void Load(string address)
    {
        if (_byAddress.ContainsKey(address) || !_documents.TryGetValue(address, out string? text))
            return;
        JsonElement root = Read(text, address);
        string pointer = $"{address}#";
        _others.Add(pointer, root);
        Scan(root, pointer, AddResource(address, pointer, DraftOf(root, pointer, _resources[0].Draft)));
        _byAddress[address] = _resourceOf[pointer];
    }

    /// <summary>An error at a place.</summary>
    public static GrammarException Error(string pointer, string? keyword, string problem) =>
        new("JSON Schema", pointer.Length == 0 ? "the root" : pointer, problem) { Keyword = keyword };

    /// <summary>A schema below a node.</summary>
    public SchemaNode Child(SchemaNode node, string keyword, JsonElement element) =>
        Node($"{node.Pointer}/{Escape(keyword)}", element, node.Resource, isValue: false);

    /// <summary>A schema in a list or a map below a node.</summary>
    public SchemaNode Child(SchemaNode node, string keyword, string key, JsonElement element) =>
        Node($"{node.Pointer}/{Escape(keyword)}/{Escape(key)}", element, node.Resource, isValue: false);

    /// <summary>A value below a node.</summary>
    public SchemaNode Value(SchemaNode node, string key, JsonElement element) =>
        Node($"{node.Pointer}/{Escape(key)}", element, node.Resource, isValue: true);

    /// <summary>What a reference leads to, and how it was found: by a dynamic anchor of this name, or otherwise (null).</summary>
    public (SchemaNode Node, string? DynamicAnchor) Resolve(SchemaNode from, string keyword, string reference)
    {
        int hash = reference.IndexOf('#', StringComparison.Ordinal);
        string address = hash < 0 ? reference : reference[..hash];
        string fragment = hash < 0 ? "" : Uri.UnescapeDataString(reference[(hash + 1)..]);
        SchemaResource? resource = address.Length == 0 ? from.Resource
            : _byAddress.GetValueOrDefault(Absolute(from.Resource.Address, address));
        if (resource is null)
        {
            throw Error(from.Pointer, keyword, $"{keyword} {reference} leads out of the document; put what it refers to under "
                + "$defs, with its $id, or give it with the options (Documents).");
        }
        if (fragment.Length > 0 && fragment[0] != '/')
        {
            if (!resource.Anchors.TryGetValue(fragment, out string? anchored))
                throw Error(from.Pointer, keyword, $"{keyword} {reference}: there is no anchor {fragment}.");
            bool dynamic = resource.DynamicAnchors.ContainsKey(fragment);
            return (At(anchored, from, keyword, reference), dynamic ? fragment : null);
        }
        return (At(resource.Pointer + fragment, from, keyword, reference), null);
    }

    /// <summary>The schema at a pointer.</summary>
    public SchemaNode At(string pointer, SchemaNode from, string keyword, string reference)
    {
        if (_nodes.TryGetValue(pointer, out SchemaNode? known) && !known.IsValue)
            return known;
        string way = pointer.Length == 0 || pointer[0] == '/'
            ? "" : pointer[..(pointer.IndexOf('#', StringComparison.Ordinal) + 1)];
        JsonElement element = way.Length == 0 ? _root : _others[way];
        SchemaResource resource = _resourceOf[way];
        foreach (string part in pointer[way.Length..].Split('/').Skip(1))
        {
            string key = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            bool found = element.ValueKind switch
            {
                JsonValueKind.Object => element.TryGetProperty(key, out element),
                JsonValueKind.Array => Index(key, ref element),
                _ => false,
            };
            if (!found)
                throw Error(from.Pointer, keyword, $"{keyword} {reference} leads nowhere: there is no {key} at {way}.");
            way = $"{way}/{part}";
            if (_resourceOf.TryGetValue(way, out SchemaResource? entered))
                resource = entered;
        }
        return element.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False
            ? Node(pointer, element, resource, isValue: false)
            : throw Error(from.Pointer, keyword, $"{keyword} {reference} leads to something that is no schema.");
    }

    private static bool Index(string key, ref JsonElement element)
    {
        if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            || index >= element.GetArrayLength())
            return false;
        element = element[index];
        return true;
    }

    private static string Escape(string key) =>
        key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static string Absolute(string from, string address)
    {
        if (Uri.TryCreate(address, UriKind.Absolute, out Uri? whole) && !address.StartsWith('/'))
            return whole.AbsoluteUri;
        string start = from.Length == 0 || from.StartsWith("urn:", StringComparison.Ordinal) ? "schema:///" : from;
        return Uri.TryCreate(start, UriKind.Absolute, out Uri? origin) && Uri.TryCreate(origin, address, out Uri? joined)
            ? joined.AbsoluteUri : address;
    }

    private SchemaNode Node(string pointer, JsonElement element, SchemaResource resource, bool isValue)
    {
        string key = isValue ? $"={pointer}" : pointer;
        if (_nodes.TryGetValue(key, out SchemaNode? node))
            return node;
        node = new SchemaNode(_list.Count, element, pointer, _resourceOf.GetValueOrDefault(pointer, resource), isValue);
        _list.Add(node);
        _nodes.Add(key, node);
        return node;
    }

    private SchemaResource AddResource(string address, string pointer, int draft)
    {
        var resource = new SchemaResource(_resources.Count, address, pointer, draft);
        _resources.Add(resource);
        _resourceOf[pointer] = resource;
        return resource;
    }

    private static int DraftOf(JsonElement schema, string pointer, int inherited)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("$schema", out JsonElement name))
            return inherited;
        if (name.ValueKind != JsonValueKind.String)
            throw Error(pointer, "$schema", "$schema is no text.");
        return name.GetString()!.TrimEnd('#').Replace("https://", "http://", StringComparison.Ordinal) switch
        {
            "http://json-schema.org/draft-04/schema" => 4,
            "http://json-schema.org/draft-06/schema" => 6,
            "http://json-schema.org/draft-07/schema" or "http://json-schema.org/schema" => 7,
            "http://json-schema.org/draft/2019-09/schema" => 2019,
            "http://json-schema.org/draft/2020-12/schema" => 2020,
            _ => throw Error(pointer, "$schema", $"$schema {name} is no draft that is known here (4, 6, 7, 2019-09, 2020-12)."),
        };
    }

    private void Scan(JsonElement schema, string pointer, SchemaResource resource)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            return;
        resource = Entered(schema, pointer, resource);
        Dictionary<string, string> anchors = resource.Anchors;
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            string below = $"{pointer}/{Escape(property.Name)}";
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "$anchor" when value.ValueKind == JsonValueKind.String && resource.Draft >= 2019:
                    anchors.TryAdd(value.GetString()!, pointer);
                    break;
                case "$dynamicAnchor" when value.ValueKind == JsonValueKind.String && resource.Draft >= 2020:
                    anchors.TryAdd(value.GetString()!, pointer);
                    resource.DynamicAnchors.TryAdd(value.GetString()!, pointer);
                    break;
                case "$recursiveAnchor" when value.ValueKind == JsonValueKind.True && resource.Draft == 2019:
                    resource.DynamicAnchors.TryAdd("", pointer);
                    break;
            }
            if (property.Name is "$ref" or "$dynamicRef" && value.ValueKind == JsonValueKind.String)
                _wanted.Enqueue(Absolute(resource.Address, value.GetString()!.Split('#')[0]));
            IsDynamic |= property.Name is "$dynamicRef" or "$recursiveRef";
            TracksEvaluated |= property.Name is "unevaluatedItems" or "unevaluatedProperties";
            if (value.ValueKind == JsonValueKind.Object && SchemaKeywords.Contains(property.Name))
                Scan(value, below, resource);
            else if (value.ValueKind == JsonValueKind.Array && SchemaListKeywords.Contains(property.Name))
            {
                foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
                    Scan(item, $"{below}/{index}", resource);
            }
            else if (value.ValueKind == JsonValueKind.Object && SchemaMapKeywords.Contains(property.Name))
            {
                foreach (JsonProperty member in value.EnumerateObject())
                    Scan(member.Value, $"{below}/{Escape(member.Name)}", resource);
            }
        }
    }

    private SchemaResource Entered(JsonElement schema, string pointer, SchemaResource resource)
    {
        int draft = DraftOf(schema, pointer, resource.Draft);
        if (!schema.TryGetProperty(draft == 4 ? "id" : "$id", out JsonElement id) || id.ValueKind != JsonValueKind.String
            || (draft <= 7 && schema.TryGetProperty("$ref", out _)))
            return resource;
        string name = id.GetString()!;
        if (draft <= 7 && name.StartsWith('#'))
        {
            resource.Anchors.TryAdd(name[1..], pointer);
            return resource;
        }
        string address = Absolute(resource.Address, name.Split('#')[0]);
        if (pointer.Length == 0)
        {
            _resources.Clear();
            _byAddress[address] = AddResource(address, pointer, draft);
            return _resources[0];
        }
        SchemaResource entered = AddResource(address, pointer, draft);
        if (draft <= 7 && name.Contains('#') && name.Split('#')[1] is { Length: > 0 } anchor)
            entered.Anchors.TryAdd(anchor, pointer);
        if (!_byAddress.TryAdd(address, entered))
            throw Error(pointer, "$id", $"$id {address} is given twice.");
        return entered;
    }
}
