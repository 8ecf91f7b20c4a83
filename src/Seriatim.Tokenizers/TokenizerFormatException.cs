namespace Seriatim.Tokenizers;

/// <summary>
/// A tokenizer file is broken, or asks for something this library does not do. The message names the file, the component and
/// the next step.
/// </summary>
public sealed class TokenizerFormatException : SeriatimException
{
    /// <summary>Creates the exception from its three parts.</summary>
    /// <param name="file">The file (or other source) that was being read.</param>
    /// <param name="component">The component or field, e.g. <c>pre_tokenizer.Sequence[1]</c>.</param>
    /// <param name="problem">What is wrong and what to do about it.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public TokenizerFormatException(string file, string component, string problem, Exception? inner = null)
        : base($"{file}: {component}: {problem}", inner)
    {
        File = file;
        Component = component;
    }

    /// <summary>The file (or other source) that was being read.</summary>
    public string File { get; }

    /// <summary>The component or field that is wrong.</summary>
    public string Component { get; }
}
