namespace Seriatim.Models;

/// <summary>A copy within the pages of one kind of layers: of a whole page, or of one position.</summary>
/// <param name="Kind">Number of the kind.</param>
/// <param name="From">The page.</param>
/// <param name="FromSlot">The position in it; -1: the whole page.</param>
/// <param name="To">Another page.</param>
/// <param name="ToSlot">The position there.</param>
internal readonly record struct PageCopy(int Kind, int From, int FromSlot, int To, int ToSlot);
