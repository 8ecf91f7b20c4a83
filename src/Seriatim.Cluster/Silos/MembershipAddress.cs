using StackExchange.Redis;

namespace Seriatim.Cluster;

/// <summary>Where silos find each other, taken apart.</summary>
/// <param name="Redis">How Redis is reached; null: the silos of this machine find each other.</param>
internal sealed record MembershipAddress(ConfigurationOptions? Redis)
{
    private const int RedisPort = 6379;

    /// <summary>Reads <see cref="ClusterOptions.Membership"/>.</summary>
    /// <exception cref="ClusterConfigurationException">It is no such address.</exception>
    public static MembershipAddress Parse(string text)
    {
        if (text == "localhost")
            return new MembershipAddress((ConfigurationOptions?)null);
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("redis" or "rediss")
            || uri.Host.Length == 0)
            throw Wrong(text, "localhost or redis://HOST[:PORT][/DATABASE] is needed");
        string path = uri.AbsolutePath.Trim('/');
        int database = 0;
        if (path.Length > 0 && (!int.TryParse(path, out database) || database < 0))
            throw Wrong(text, $"{path} is no number of a database; 0 or more is needed");
        var options = new ConfigurationOptions
        {
            DefaultDatabase = database,
            Ssl = uri.Scheme == "rediss",

            // Who starts is told at once that there is no Redis; whoever runs goes on without and comes back to it.
            AbortOnConnectFail = true,
            BacklogPolicy = BacklogPolicy.FailFast,
            ConnectRetry = 1,
            ConnectTimeout = 3000,
        };
        options.EndPoints.Add(uri.Host.Trim('[', ']'), uri.Port < 0 ? RedisPort : uri.Port);
        string[] user = uri.UserInfo.Split(':', 2);
        if (user is [var name, var password])
        {
            options.Password = Uri.UnescapeDataString(password);
            options.User = name.Length == 0 ? null : Uri.UnescapeDataString(name);
        }

        return new MembershipAddress(options);
    }

    private static ClusterConfigurationException Wrong(string text, string needed) =>
        new($"The cluster's address is {text}; {needed}.");
}
