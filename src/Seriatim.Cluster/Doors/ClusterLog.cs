using Microsoft.Extensions.Logging;

namespace Seriatim.Cluster;

/// <summary>What a silo has to say to a logger; the ids of events are kept.</summary>
internal static partial class ClusterLog
{
    /// <summary>The category.</summary>
    public const string Category = "Seriatim.Cluster";

    [LoggerMessage(1, LogLevel.Information, "In the cluster {Cluster} as {Silo}; membership by {Membership}.")]
    public static partial void Joined(ILogger logger, string cluster, string silo, string membership);

    [LoggerMessage(2, LogLevel.Information, "{Silo} is there.")]
    public static partial void Found(ILogger logger, string silo);

    [LoggerMessage(3, LogLevel.Warning, "{Silo} is gone.")]
    public static partial void Gone(ILogger logger, string silo);

    [LoggerMessage(4, LogLevel.Warning, "{Silo} says nothing: {Reason}. What it runs for this door goes on elsewhere.")]
    public static partial void Silent(ILogger logger, string silo, string reason);

    [LoggerMessage(5, LogLevel.Information, "A stream of {Model} goes on at {Silo} after {Tokens} tokens ({How}).")]
    public static partial void Resumed(ILogger logger, string model, string silo, int tokens, string how);

    [LoggerMessage(6, LogLevel.Error, "{Silo} has other weights or another version under the name {Model}: {Detail}. The two "
        + "never go on with each other's streams; give both the same model.")]
    public static partial void OtherModel(ILogger logger, string silo, string model, string detail);

    [LoggerMessage(7, LogLevel.Error, "A run of {Model} at {Silo} gave other tokens than the one before: {Detail} It goes on "
        + "elsewhere. Please report it.")]
    public static partial void Different(ILogger logger, string model, string silo, string detail);

    [LoggerMessage(8, LogLevel.Warning, "A run of {Model} failed at {Silo}: {Detail} This door runs it itself.")]
    public static partial void Failed(ILogger logger, string model, string silo, string detail);

    [LoggerMessage(9, LogLevel.Warning, "The store of the membership cannot be used ({Reason}). Serving goes on with the "
        + "{Count} silos that are known; silos that come or go are not seen until it is back.")]
    public static partial void StoreGone(ILogger logger, string reason, int count);

    [LoggerMessage(10, LogLevel.Information, "The store of the membership is back.")]
    public static partial void StoreBack(ILogger logger);

    [LoggerMessage(11, LogLevel.Information, "Handing over {Count} runs.")]
    public static partial void HandingOver(ILogger logger, int count);

    [LoggerMessage(12, LogLevel.Debug, "{Silo} does not take a request of {Model}: {Detail}.")]
    public static partial void TurnedDown(ILogger logger, string silo, string model, string detail);

    [LoggerMessage(14, LogLevel.Warning, "A durable request could not be stored ({Reason}). {Consequence}.")]
    public static partial void NotKept(ILogger logger, string consequence, string reason);

    [LoggerMessage(15, LogLevel.Warning, "Durable requests cannot be stored or read ({Reason}). Those that run go on; where this "
        + "server goes meanwhile, what it had not stored is computed again.")]
    public static partial void StoreFailed(ILogger logger, string reason);

    [LoggerMessage(16, LogLevel.Error, "A silo is refused: {Reason} All need a certificate of the authority of --cluster-ca.")]
    public static partial void CertificateRefused(ILogger logger, string reason);

    [LoggerMessage(17, LogLevel.Critical, "This silo ends ({Reason}). What it ran goes on elsewhere; start it again.")]
    public static partial void Ended(ILogger logger, string reason);

    [LoggerMessage(18, LogLevel.Error, "Other silos of this cluster speak otherwise ({Speech}): they and this one take each "
        + "other for dead. Stop those that are wrong.")]
    public static partial void OtherSpeech(ILogger logger, string speech);

    [LoggerMessage(19, LogLevel.Warning, "Not yet in the cluster {Cluster}: silos that are there do not answer. They may have "
        + "gone a moment ago, or speak otherwise ({Speech}).")]
    public static partial void NotJoined(ILogger logger, string cluster, string speech);

    [LoggerMessage(20, LogLevel.Error, "This machine's clock is {Seconds:0} s away from that of the store: this silo and the "
        + "others are about to take each other for dead. Set it.")]
    public static partial void ClockWrong(ILogger logger, double seconds);

    [LoggerMessage(13, LogLevel.Error, "Watching the other silos failed; it goes on.")]
    public static partial void WatchFailed(ILogger logger, Exception failure);
}
