namespace Seriatim.Server.Tests;

/// <summary>Waits for what happens soon, on another thread.</summary>
internal static class Eventually
{
    public static async Task Is(Func<bool> condition, int seconds = 30)
    {
        for (int i = 0; i < seconds * 50 && !condition(); i++)
            await Task.Delay(20);
        Assert.True(condition());
    }
}
