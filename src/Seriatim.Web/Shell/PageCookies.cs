using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Shell;

/// <summary>
/// What the browser keeps: language and theme, which its script writes, and the server's key, which no script can read and which
/// is encrypted with a key that lives as long as the server.
/// </summary>
internal sealed class PageCookies(IDataProtectionProvider protection)
{
    public const string Language = "seriatim-language", Theme = "seriatim-theme", Key = "seriatim-key";

    private readonly IDataProtector _protector = protection.CreateProtector("Seriatim.Web.Key");

    /// <summary>What the page begins with.</summary>
    public PageStart Read(HttpRequest request)
    {
        string? language = request.Cookies[Language];
        bool isChinese = language is "zh" || (language is not "en" && PrefersChinese(request));
        return new PageStart(isChinese ? Texts.Language.Chinese : Texts.Language.English,
            request.Cookies[Theme] is "dark", KeyOf(request));
    }

    /// <summary>Has the browser keep the key until it is closed.</summary>
    public void WriteKey(HttpResponse response, string key) => response.Cookies.Append(Key, _protector.Protect(key),
        new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = response.HttpContext.Request.IsHttps });

    /// <summary>The key that the browser shows; null: none, or one of another run of the server.</summary>
    private string? KeyOf(HttpRequest request)
    {
        try
        {
            return request.Cookies[Key] is { Length: > 0 } kept ? _protector.Unprotect(kept) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static bool PrefersChinese(HttpRequest request) =>
        $"{request.Headers.AcceptLanguage}".TrimStart().StartsWith("zh", StringComparison.OrdinalIgnoreCase);
}
