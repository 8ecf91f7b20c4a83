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
    public void An_address_that_is_none_is_refused(string address) =>
        Assert.Throws<ClusterConfigurationException>(() => MembershipAddress.Parse(address));

    [Fact]
    public void Addresses_of_redis_are_taken_apart()
    {
        Assert.Null(MembershipAddress.Parse("localhost").Redis);
        StackExchange.Redis.ConfigurationOptions redis = MembershipAddress.Parse("redis://ann:p%40ss@host:6390/2").Redis!;
        Assert.Equal(("ann", "p@ss", 2, false), (redis.User, redis.Password, redis.DefaultDatabase, redis.Ssl));
        Assert.Contains("host:6390", redis.EndPoints[0].ToString());
        Assert.Contains("host:6379", MembershipAddress.Parse("rediss://host").Redis!.EndPoints[0].ToString());
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
        var failure = Assert.Throws<ClusterConfigurationException>(() =>
            MembershipStore.Connect(MembershipAddress.Parse("redis://127.0.0.1:1").Redis!));
        Assert.Contains("127.0.0.1:1", failure.Message);
    }
}
