namespace Seriatim.Generation;

/// <summary>
/// A regular language that needs more states than we are ready to make: those who read a source say where in it the language
/// stands, so nobody outside sees this exception.
/// </summary>
internal sealed class LanguageTooLargeException(int limit)
    : Exception($"It needs an automaton of more than {limit} states.")
{
    /// <summary>The number of states that it passed.</summary>
    public int Limit { get; } = limit;
}
