namespace Seriatim.Cluster;

/// <summary>
/// How silos of a name speak, written beside their list: silos that could not understand each other would still see each other
/// there, and each would have the other declared dead. So one that speaks otherwise does not start, and says why.
/// </summary>
/// <param name="store">Where the list is.</param>
/// <param name="name">The cluster.</param>
/// <param name="speech">How this silo speaks.</param>
/// <param name="clock">This machine's clock.</param>
internal sealed class ClusterMark(IClusterStore store, string name, string speech, TimeProvider clock)
{
    /// <summary>
    /// How wrong a clock may be. Silos write into the list when they were last alive, and one whose clock is ahead by more than a
    /// minute and a half takes all others for long dead, and has them declared so.
    /// </summary>
    private static readonly TimeSpan MostWrong = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    /// <summary>Says how silos of certificates of an authority speak; null: those without.</summary>
    public static string SpeechOf(SiloCertificate? certificate) =>
        certificate is null ? "nothing is encrypted" : $"certificates of the authority {certificate.Authority}";

    /// <summary>Looks whether this silo can be one of the cluster, and writes the mark.</summary>
    /// <exception cref="ClusterConfigurationException">
    /// It would harm the others, or they it; or the store cannot be written.
    /// </exception>
    public async Task RequireAsync()
    {
        string at = $"the cluster {name} at {store.Place}";
        try
        {
            await RequireAsync(at).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not ClusterConfigurationException)
        {
            throw new ClusterConfigurationException($"No silo can join {at}: {KeptRequests.ReasonOf(failure)} It must be "
                + "possible to read and to write there.");
        }
    }

    private async Task RequireAsync(string at)
    {
        if (await WrongAsync().ConfigureAwait(false) is { } wrong)
        {
            string how = wrong > TimeSpan.Zero ? "ahead of" : "behind";
            throw new ClusterConfigurationException(FormattableString.Invariant(
                $"This machine's clock is {Math.Abs(wrong.TotalSeconds):0} s {how} that of {at}; {MostWrong.TotalSeconds} s are ")
                + "the most, as it would take the others for dead, or they it. Set the clock.");
        }

        if (await WriteAsync().ConfigureAwait(false) is not { } other)
            return;
        await RemoveAsync().ConfigureAwait(false);
        throw new ClusterConfigurationException($"In {at} it is otherwise between silos ({other}) than this one has it "
            + $"({speech}). Give all the same --cluster-ca and certificates of it, or another --cluster-name; after the last "
            + "silo of the other kind has gone, wait a minute.");
    }

    /// <summary>Writes the mark; to be called at less than half its time.</summary>
    /// <returns>How others of the name speak that are there too; null: none does otherwise.</returns>
    public async Task<string?> WriteAsync()
    {
        IReadOnlyList<string> there = await store.MarkAsync(name, speech, Time).ConfigureAwait(false);
        return there.FirstOrDefault(one => one != speech);
    }

    /// <summary>By how much this machine's clock differs from the store's; null: by no more than does no harm.</summary>
    public async Task<TimeSpan?> WrongAsync()
    {
        TimeSpan wrong = clock.GetUtcNow() - await store.ReadClockAsync().ConfigureAwait(false);
        return wrong.Duration() > MostWrong ? wrong : null;
    }

    /// <summary>Takes the mark back: this silo does not start.</summary>
    public Task RemoveAsync() => store.UnmarkAsync(name, speech);
}
