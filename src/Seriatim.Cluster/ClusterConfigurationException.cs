namespace Seriatim.Cluster;

/// <summary>A cluster cannot be set up as it was asked for: an address that is none, a port, a time.</summary>
/// <param name="message">What is wrong and what to do.</param>
public sealed class ClusterConfigurationException(string message) : SeriatimException(message);
