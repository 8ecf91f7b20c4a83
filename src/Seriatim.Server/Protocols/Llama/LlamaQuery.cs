using Microsoft.Extensions.Primitives;

namespace Seriatim.Server;

/// <summary>What stands behind the question mark of llama.cpp's requests.</summary>
internal static class LlamaQuery
{
    /// <summary>The model that a request names.</summary>
    /// <param name="call">The request.</param>
    /// <param name="more">Names that are taken beside <c>model</c>.</param>
    /// <exception cref="ApiException">It says something else, or names a model that is not here.</exception>
    public static ServedModel Model(ApiCall call, params string[] more)
    {
        string? name = null;
        foreach ((string key, StringValues value) in call.Http.Request.Query)
        {
            if (key == "model")
                name = $"{value}";
            else if (!more.Contains(key))
            {
                throw ApiException.Invalid(
                    $"{FieldValue.Cut(key)} is not taken here; {string.Join(", ", ["model", .. more])} are.",
                    FieldValue.Cut(key), "unknown_parameter");
            }
        }

        return call.Server.Models.Find(name);
    }
}
