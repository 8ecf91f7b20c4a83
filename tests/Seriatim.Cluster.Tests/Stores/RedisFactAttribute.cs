namespace Seriatim.Cluster.Tests;

/// <summary>A test that needs Redis.</summary>
internal sealed class RedisFactAttribute : FactAttribute
{
    public RedisFactAttribute()
    {
        if (!RedisServer.IsThere)
            Skip = "redis-server is not installed here.";
    }
}
