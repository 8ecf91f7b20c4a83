using StackExchange.Redis;

namespace Seriatim.Cluster;

/// <summary>
/// How silos of a name speak, written beside their list: silos that could not understand each other would still see each other
/// there, and each would have the other declared dead. So one that speaks otherwise does not start, and says why.
/// </summary>
/// <param name="redis">Where the list is.</param>
/// <param name="name">The cluster.</param>
/// <param name="speech">How this silo speaks.</param>
internal sealed class ClusterMark(IConnectionMultiplexer redis, string name, string speech)
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private RedisKey All => $"seriatim/speech/{name}";

    /// <summary>Says how silos of certificates of an authority speak; null: those without.</summary>
    public static string SpeechOf(SiloCertificate? certificate) =>
        certificate is null ? "nothing is encrypted" : $"certificates of the authority {certificate.Authority}";

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

    /// <summary>Takes the mark back: this silo does not start.</summary>
    public void Remove() => redis.GetDatabase().KeyDelete(KeyOf(speech));

    private RedisKey KeyOf(string one) => $"seriatim/speech/{name}/{one}";
}
