namespace Seriatim.Cluster.Tests;

/// <summary>The way from doors to a silo, which breaks when a test says so: from then on as if it was killed.</summary>
internal sealed class Link(IReplica inner) : IReplica
{
    private int _passed;

    /// <summary>After how many answers with news it breaks; null: it does not.</summary>
    public int? BreaksAfter { get; set; }

    /// <summary>Whether it then says nothing, in place of refusing.</summary>
    public bool Hangs { get; init; }

    /// <summary>Changes what comes by it; null: nothing does.</summary>
    public Func<RunNews, RunNews>? Changes { get; init; }

    /// <summary>Runs that were begun by it.</summary>
    public int Started { get; private set; }

    public bool IsBroken { get; private set; }

    /// <summary>Breaks it at once.</summary>
    public void Break() => IsBroken = true;

    public async Task<RunReceipt> StartAsync(RunOrder order)
    {
        await PassAsync();
        RunReceipt receipt = await inner.StartAsync(order);
        if (receipt.Answer == RunAnswer.Started)
            Started++;
        return receipt;
    }

    public async Task<RunNews> ReadAsync(Guid run)
    {
        await PassAsync();
        RunNews news = await inner.ReadAsync(run);
        if (news.Updates.Length > 0 && ++_passed > BreaksAfter)
            IsBroken = true;
        await PassAsync();
        return Changes?.Invoke(news) ?? news;
    }

    public async Task EndAsync(Guid run)
    {
        await PassAsync();
        await inner.EndAsync(run);
    }

    public async Task<RunNews> ReadKeptAsync(string number, int prompt, int from)
    {
        await PassAsync();
        RunNews news = await inner.ReadKeptAsync(number, prompt, from);
        await PassAsync();
        return news;
    }

    public async Task EndKeptAsync(string number, bool forget)
    {
        await PassAsync();
        await inner.EndKeptAsync(number, forget);
    }

    public async Task<SiloReport> ReportAsync()
    {
        await PassAsync();
        return await inner.ReportAsync();
    }

    private Task PassAsync() => !IsBroken ? Task.CompletedTask
        : Hangs ? Task.Delay(Timeout.Infinite) : Task.FromException(new IOException("The silo was killed."));
}
