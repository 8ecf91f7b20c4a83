namespace Seriatim;

/// <summary>
/// A download did not come to its end: no connection, a refusal, an answer that is not what the hub promised. What has arrived is
/// kept, and the next attempt goes on from there.
/// </summary>
/// <param name="message">What happened and what to do.</param>
/// <param name="inner">What caused it, if it came from below.</param>
public sealed class DownloadException(string message, Exception? inner = null) : ModelHubException(message, inner);
