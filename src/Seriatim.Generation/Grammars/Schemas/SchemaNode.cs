using System.Text.Json;

namespace Seriatim.Generation;

/// <summary>A schema, or a value that something must equal, at its place in the document.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Element">What is written there.</param>
/// <param name="Pointer">JSON pointer of the place.</param>
/// <param name="Resource">The resource it belongs to.</param>
/// <param name="IsValue">It is a value (<c>const</c>, <c>enum</c>), not a schema.</param>
internal sealed record SchemaNode(int Id, JsonElement Element, string Pointer, SchemaResource Resource, bool IsValue);

/// <summary>A part of a document with an address of its own (<c>$id</c>).</summary>
internal sealed class SchemaResource(int id, string address, string pointer, int draft)
{
    /// <summary>Its number.</summary>
    public int Id { get; } = id;

    /// <summary>Its address, without fragment; empty: it has none.</summary>
    public string Address { get; } = address;

    /// <summary>JSON pointer of its root.</summary>
    public string Pointer { get; } = pointer;

    /// <summary>Draft: 4, 6, 7, 2019 or 2020.</summary>
    public int Draft { get; } = draft;

    /// <summary>Pointers of <c>$anchor</c> and <c>$dynamicAnchor</c>.</summary>
    public Dictionary<string, string> Anchors { get; } = [];

    /// <summary>Pointers of <c>$dynamicAnchor</c>; <c>$recursiveAnchor</c> has the empty name.</summary>
    public Dictionary<string, string> DynamicAnchors { get; } = [];
}
