namespace Seriatim.Cluster.Tests;

/// <summary>What is wrong with the options of a cluster is told by name, before anything starts.</summary>
public sealed class OptionTests
{
    [Theory]
    [InlineData("nowhere")]
    [InlineData("http://host")]
    [InlineData("redis://")]
    [InlineData("redis://host/x")]
    [InlineData("")]
    [InlineData("redis://ann:secret@host/x")]
    [InlineData("mysql://ann:secret@host/db")]
    [InlineData("postgres://")]
    [InlineData("postgres://host/db")]
    [InlineData("postgres://ann:secret@host")]
    [InlineData("postgres://ann:secret@host/db?sslmode=some")]
    [InlineData("postgres://ann:secret@host/db?pooling=false")]
    [InlineData("postgres://ann:#secret@host/db")]
    [InlineData("ann:secret@host")]
    public void An_address_that_is_none_is_refused_and_no_password_told(string address) => Assert.DoesNotContain("secret",
        Assert.Throws<ClusterConfigurationException>(() => ClusterStores.Parse(address)).Message);

    [Fact]
    public void Addresses_of_redis_are_taken_apart()
    {
        StackExchange.Redis.ConfigurationOptions redis = Redis("redis://ann:p%40ss@host:6390/2").Options;
        Assert.Equal(("ann", "p@ss", 2, false), (redis.User, redis.Password, redis.DefaultDatabase, redis.Ssl));
        Assert.Contains("host:6390", redis.EndPoints[0].ToString());
        Assert.Contains("host:6379", Redis("rediss://host").Options.EndPoints[0].ToString());
    }

    [Theory]
    [InlineData("localhost", "localhost", "localhost")]
    [InlineData("rediss://ann:secret@host/2", "redis", "rediss://host:6379/2")]
    [InlineData("postgres://ann:secret@host/db", "postgres", "postgres://host:5432/db")]
    [InlineData("postgresql://ann@[::1]:6543/a%20b?sslmode=verify-full", "postgres", "postgresql://[::1]:6543/a b")]
    public void Places_have_no_password_in_them(string address, string kind, string place)
    {
        using IClusterStore store = ClusterStores.Parse(address);
        Assert.Equal((kind, place), (store.Kind, store.Place));
    }

    [Fact]
    public void Values_that_mean_nothing_are_refused()
    {
        foreach (Action<ClusterOptions> wrong in new Action<ClusterOptions>[]
        {
            options => options.Name = "a b",
            options => options.Name = "",
            options => options.Port = 0,
            options => options.Silence = TimeSpan.Zero,
            options => options.LoadFactor = double.NaN,
            options => options.LoadFactor = 0.5,
        })
        {
            var options = new ClusterOptions();
            options.Check();
            wrong(options);
            Assert.Throws<ClusterConfigurationException>(options.Check);
        }
    }

    [Fact]
    public void A_redis_that_is_not_there_is_told_with_its_address()
    {
        using IClusterStore store = Redis("redis://127.0.0.1:1");
        Assert.Contains("127.0.0.1:1", Assert.Throws<ClusterConfigurationException>(store.Connect).Message);
    }

    private static RedisStore Redis(string address) => (RedisStore)ClusterStores.Parse(address);
}
