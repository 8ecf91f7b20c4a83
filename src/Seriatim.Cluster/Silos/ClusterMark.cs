using StackExchange.Redis;

namespace Seriatim.Cluster;

/// <summary>
/// How silos of a name speak, written beside their list: silos that could not understand each other would still see each other
/// there, and each would have the other declared dead. So one that speaks otherwise does not start, and says why.
/// </summary>
/// <param name="redis">Where the list is.</param>
/// <param name="name">The cluster.</param>
/// <param name="speech">How this silo speaks.</param>
/// <param name="clock">This machine's clock.</param>
internal sealed class ClusterMark(IConnectionMultiplexer redis, string name, string speech, TimeProvider clock)
{
    /// <summary>
    /// How wrong a clock may be. Silos write into the list when they were last alive, and one whose clock is ahead by more than a
    /// minute and a half takes all others for long dead, and has them declared so.
    /// </summary>
    private static readonly TimeSpan MostWrong = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private RedisKey All => $"seriatim/speech/{name}";

    /// <summary>Says how silos of certificates of an authority speak; null: those without.</summary>
    public static string SpeechOf(SiloCertificate? certificate) =>
        certificate is null ? "nothing is encrypted" : $"certificates of the authority {certificate.Authority}";

    /// <summary>Looks whether this silo can be one of the cluster, and writes the mark.</summary>
    /// <exception cref="ClusterConfigurationException">It would harm the others, or they it.</exception>
    public async Task RequireAsync(ClusterOptions options)
    {
        string at = $"the cluster {options.Name} at {options.Membership.Split('@')[^1]}";
        if (await WrongAsync().ConfigureAwait(false) is { } wrong)
        {
            string how = wrong > TimeSpan.Zero ? "ahead of" : "behind";
            throw new ClusterConfigurationException(FormattableString.Invariant(
                $"This machine's clock is {Math.Abs(wrong.TotalSeconds):0} s {how} that of {at}; {MostWrong.TotalSeconds} s are ")
                + "the most, as it would take the others for dead, or they it. Set the clock.");
        }

        if (await WriteAsync().ConfigureAwait(false) is not { } other)
            return;
        Remove();
        throw new ClusterConfigurationException($"In {at} it is otherwise between silos ({other}) than this one has it "
            + $"({speech}). Give all the same --cluster-ca and certificates of it, or another --cluster-name; after the last "
            + "silo of the other kind has gone, wait a minute.");
    }

    /// <summary>Writes the mark; to be called at less than half its time.</summary>
    /// <returns>How others of the name speak that are there too; null: none does otherwise.</returns>
    public async Task<string?> WriteAsync()
    {
        IDatabase database = redis.GetDatabase();
        await database.SetAddAsync(All, speech).ConfigureAwait(false);
        await database.StringSetAsync(KeyOf(speech), "", Time).ConfigureAwait(false);
        foreach (RedisValue other in await database.SetMembersAsync(All).ConfigureAwait(false))
        {
            if (other != speech && await database.KeyExistsAsync(KeyOf(other!)).ConfigureAwait(false))
                return other;
        }

        return null;
    }

    /// <summary>By how much this machine's clock differs from that of Redis; null: by no more than does no harm.</summary>
    public async Task<TimeSpan?> WrongAsync()
    {
        IServer server = redis.GetServers().First(one => one.IsConnected);
        TimeSpan wrong = clock.GetUtcNow() - new DateTimeOffset(await server.TimeAsync().ConfigureAwait(false), TimeSpan.Zero);
        return wrong.Duration() > MostWrong ? wrong : null;
    }

    /// <summary>Takes the mark back: this silo does not start.</summary>
    public void Remove() => redis.GetDatabase().KeyDelete(KeyOf(speech));

    private RedisKey KeyOf(string one) => $"seriatim/speech/{name}/{one}";
}
