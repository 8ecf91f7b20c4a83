namespace Seriatim.Web.Tests;

/// <summary>The tests that share it.</summary>
[CollectionDefinition(nameof(BrowserFixture))]
public sealed class BrowserCollection : ICollectionFixture<BrowserFixture>;
