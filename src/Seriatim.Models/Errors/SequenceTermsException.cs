namespace Seriatim.Models;

/// <summary>A model cannot keep to the terms of a sequence.</summary>
public sealed class SequenceTermsException : ModelException
{
    internal SequenceTermsException(string term, object value, string allowed)
        : base(FormattableString.Invariant($"{term} is {value}; {allowed}.")) => (Term, Value, Allowed) = (term, value, allowed);

    /// <summary>Which of the <see cref="SequenceTerms"/>, e.g. <c>Window.Size</c>.</summary>
    public string Term { get; }

    /// <summary>The value that was given.</summary>
    public object Value { get; }

    /// <summary>What is allowed, in words.</summary>
    public string Allowed { get; }
}
