namespace Seriatim.Generation;

/// <summary>Tokens that are favoured, forbidden or prescribed. The defaults change nothing.</summary>
/// <remarks>What a constraint has for an option stands in the constraint's own file.</remarks>
public sealed partial record TokenConstraints;
