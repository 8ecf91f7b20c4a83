namespace Seriatim.Generation;

/// <summary>Something that happens to a request in its engine.</summary>
/// <param name="Kind">What.</param>
/// <param name="Count">How many tokens it is about; 0 where it is about none.</param>
internal readonly record struct RequestMoment(RequestMomentKind Kind, int Count);
