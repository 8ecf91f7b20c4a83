namespace Seriatim.Web.Translate;

/// <summary>A token of a translation that is filled in.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Probability">How probable it was when it was last predicted.</param>
/// <param name="IsMasked">Whether it is masked again, and predicted anew in the next pass.</param>
public sealed record RefinedToken(string Text, double Probability, bool IsMasked);
