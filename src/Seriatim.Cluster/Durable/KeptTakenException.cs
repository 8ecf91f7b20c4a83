namespace Seriatim.Cluster;

/// <summary>Another door goes on with a request, or it was forgotten.</summary>
internal sealed class KeptTakenException(Exception? inner = null)
    : SeriatimException("Another server goes on with this request.", inner);
