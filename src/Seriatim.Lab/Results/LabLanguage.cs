namespace Seriatim.Lab;

/// <summary>Languages of the report.</summary>
internal enum LabLanguage
{
    /// <summary><c>en</c>.</summary>
    English,

    /// <summary><c>zh</c>, simplified.</summary>
    Chinese,
}
