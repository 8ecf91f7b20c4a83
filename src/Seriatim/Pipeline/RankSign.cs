namespace Seriatim;

/// <summary>What a rank tells those who watch it, again and again.</summary>
/// <param name="Kind">Why.</param>
/// <param name="ResidentBytes">Memory that the system says its process has.</param>
internal readonly record struct RankSign(RankSignKind Kind, long ResidentBytes);
