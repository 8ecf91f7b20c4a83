namespace Seriatim.Cluster;

/// <summary>The stores there are, by the scheme of their addresses.</summary>
internal static class ClusterStores
{
    private static readonly (string Scheme, Func<Uri, IClusterStore> Read)[] Kinds =
    [
        ("redis", RedisStore.Read), ("rediss", RedisStore.Read),
        ("postgres", PostgresStore.Read), ("postgresql", PostgresStore.Read),
    ];

    /// <summary>Reads <see cref="ClusterOptions.Membership"/>; nothing is connected.</summary>
    /// <exception cref="ClusterConfigurationException">It is no such address.</exception>
    public static IClusterStore Parse(string text)
    {
        if (text == LocalStore.Address)
            return new LocalStore();
        string scheme = text.Split("://")[0];
        (_, Func<Uri, IClusterStore>? read) = Kinds.FirstOrDefault(kind => kind.Scheme == scheme);
        if (read is null || !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
        {
            throw Wrong(text, "localhost, redis://HOST[:PORT][/DATABASE] or postgres://USER@HOST[:PORT]/DATABASE is needed "
                + "(rediss://, postgresql://, too); characters such as @ / # in a password are written as %40 %2F %23");
        }

        return read(uri);
    }

    /// <summary>What the store of an address is.</summary>
    public static string KindOf(string text)
    {
        using IClusterStore store = Parse(text);
        return store.Kind;
    }

    /// <summary>The error of an address, which is told without its password.</summary>
    public static ClusterConfigurationException Wrong(string text, string needed) =>
        new($"The cluster's address is {WithoutUser(text)}; {needed}.");

    /// <summary>User and password of an address, which may have either in it or none.</summary>
    public static (string? User, string? Password) UserOf(Uri uri) => uri.UserInfo.Split(':', 2) switch
    {
        [""] => (null, null),
        [var user, var password] => (user.Length == 0 ? null : Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)),
        [var user, ..] => (Uri.UnescapeDataString(user), null),
        _ => (null, null),
    };

    /// <summary>Host, port and path of an address, with its scheme.</summary>
    public static string PlaceOf(Uri uri, int port) => $"{uri.Scheme}://{uri.Host}:{(uri.Port < 0 ? port : uri.Port)}"
        + (uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath) : "");

    private static string WithoutUser(string text)
    {
        int end = text.LastIndexOf('@');
        int start = text.IndexOf("://", StringComparison.Ordinal);
        start = start < 0 ? 0 : start + 3;
        return end <= start ? text : $"{text[..start]}...{text[end..]}";
    }
}
