namespace Seriatim.Server.Tests;

/// <summary>Waits for what happens soon, on another thread.</summary>
internal static class Eventually
{
    public static async Task Is(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++)
            await Task.Delay(20);
        Assert.True(condition());
    }
}
