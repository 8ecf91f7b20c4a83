namespace Seriatim.Server;

/// <summary>Ends the handling of a request with an error for its client.</summary>
/// <param name="error">The error.</param>
internal sealed class ApiException(ApiError error) : SeriatimException(error.Message)
{
    public ApiError Error { get; } = error;

    /// <summary>A field of the request is wrong.</summary>
    public static ApiException Invalid(string message, string? param = null, string? code = null) =>
        new(ApiError.Invalid(message, param, code));

    /// <summary>A field asks for what is not there.</summary>
    public static ApiException Unsupported(string message, string param) =>
        new(ApiError.Invalid(message, param, "unsupported_value"));
}
