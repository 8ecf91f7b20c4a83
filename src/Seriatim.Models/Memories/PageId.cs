namespace Seriatim.Models;

/// <summary>A page of a <see cref="PagePool"/>.</summary>
/// <param name="Index">Number of the page in its <see cref="KeyValuePool"/>, from 0.</param>
public readonly record struct PageId(int Index);
