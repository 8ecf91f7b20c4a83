namespace Seriatim.Web.Calls;

/// <summary>The server refused a request; the message is the server's own and says what to do.</summary>
/// <param name="status">The HTTP status; 0: nobody answered.</param>
/// <param name="code">The server's code of what is wrong; null: none.</param>
/// <param name="message">What the server says.</param>
public sealed class ApiFailure(int status, string? code, string message) : SeriatimException(message)
{
    /// <summary>The HTTP status; 0: nobody answered.</summary>
    public int Status => status;

    /// <summary>The server's code of what is wrong; null: none.</summary>
    public string? Code => code;
}
