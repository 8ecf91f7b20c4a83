namespace Seriatim.Clients.Tests;

/// <summary>All clients ask one server.</summary>
[CollectionDefinition(nameof(ServerUnderTest))]
public sealed class ServerCollection : ICollectionFixture<ServerUnderTest>;
