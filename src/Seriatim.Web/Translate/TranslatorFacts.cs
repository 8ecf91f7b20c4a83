namespace Seriatim.Web.Translate;

/// <summary>What a model that translates is like.</summary>
/// <param name="FillsIn">Whether it fills in whole translations, pass by pass; else it has beams.</param>
/// <param name="Directions">The directions that it names; none: it has one way only.</param>
internal sealed record TranslatorFacts(bool FillsIn, IReadOnlyList<TranslationDirection> Directions);
