using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Seriatim.Server.Tests;
using Seriatim.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>Silos of Orleans, several in this process: they find each other, run each other's requests, come and go.</summary>
public sealed class SiloTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Silos_of_this_machine_find_each_other_and_run_each_others_requests(bool encrypted)
    {
        TinyModels.WriteLlama(_folder.Path);
        using var keys = new TempFolder();
        (string Certificate, string Authority)? paper = encrypted
            ? (TestCertificates.Write(keys.Path, "silo", "ca"), Path.Combine(keys.Path, "ca.pem")) : null;
        int first = ServerProcess.FreePort();
        await using TestSilo one = await StartAsync("localhost", first, first, paper);
        if (encrypted)
            await RefusesPlainTextAsync(first);
        await using TestSilo two = await StartAsync("localhost", ServerProcess.FreePort(), first, paper);
        await TogetherAsync(one, two);
        await ShareAsync(one, two);
        await GoOnAsync(one, two);

        // Told to stop, it hands over what runs for the other, and is no member after that.
        await StopAsync(two);
        await Eventually.Is(() => one.Services.GetRequiredService<SiloTable>().Read(silo => silo.Name).Count == 1, seconds: 60);
    }

    [PostgresFact]
    public async Task Silos_of_a_database_find_each_other_and_run_each_others_requests()
    {
        TinyModels.WriteLlama(_folder.Path);
        using var server = new PostgresServer();
        await using TestSilo one = await StartAsync(server.Address, ServerProcess.FreePort());
        await using TestSilo two = await StartAsync(server.Address, ServerProcess.FreePort());
        await TogetherAsync(one, two);
        await ShareAsync(one, two);
        await GoOnAsync(one, two);
        string status = await one.Client.GetStringAsync("/v1/cluster");
        Assert.Equal("postgres", JsonElement.Parse(status).GetProperty("membership").GetProperty("kind").GetString());
        await StopAsync(two);
        await Eventually.Is(() => one.Services.GetRequiredService<SiloTable>().Read(silo => silo.Name).Count == 1, seconds: 60);

        // A password is nobody's business.
        foreach (string told in one.Log.Lines.Concat(two.Log.Lines).Append(status))
        {
            Assert.DoesNotContain(PostgresServer.Password, told);
            Assert.DoesNotContain(Uri.EscapeDataString(PostgresServer.Password), told);
        }
    }

    /// <summary>Long, as silos take their time to notice that their list is gone, and to find it again.</summary>
    [RedisFact]
    [Trait("Category", "Long")]
    public async Task Serving_goes_on_without_redis_and_says_so()
    {
        using var server = new RedisServer();
        await GoesOnWithoutAsync(server);
    }

    /// <summary>Long, as without Redis.</summary>
    [PostgresFact]
    [Trait("Category", "Long")]
    public async Task Serving_goes_on_without_postgres_and_says_so()
    {
        using var server = new PostgresServer();
        await GoesOnWithoutAsync(server);
    }

    [Fact]
    public async Task A_server_in_no_cluster_says_so()
    {
        TinyModels.WriteLlama(_folder.Path);
        await using TestSilo alone = await TestSilo.StartAsync(_folder.Path);
        using HttpResponseMessage response = await alone.Client.GetAsync("/v1/cluster");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("--cluster", await response.Content.ReadAsStringAsync());
    }

    private async Task GoesOnWithoutAsync(IStoreServer server)
    {
        TinyModels.WriteLlama(_folder.Path);
        await using TestSilo one = await StartAsync(server.Address, ServerProcess.FreePort());
        await using TestSilo two = await StartAsync(server.Address, ServerProcess.FreePort());
        await TogetherAsync(one, two);
        server.Stop();
        await Eventually.Is(() => one.Services.GetRequiredService<Door>().StoreFailure is not null, seconds: 60);
        await ShareAsync(one, two);
        Assert.Contains(one.Log.Lines, line => line.Contains("Serving goes on with the 2 silos", StringComparison.Ordinal));
        JsonElement status = JsonElement.Parse(await one.Client.GetStringAsync("/v1/cluster"));
        Assert.False(status.GetProperty("membership").GetProperty("reachable").GetBoolean());
        Assert.Equal(2, status.GetProperty("silos").GetArrayLength());
        Assert.Contains("seriatim:cluster_store_up 0", await one.Client.GetStringAsync("/metrics"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskDurablyAsync(one));

        // Back again, it is used again, by silos that come, too.
        server.Start();
        await Eventually.Is(() => one.Services.GetRequiredService<Door>().StoreFailure is null, seconds: 60);
        Assert.Equal(HttpStatusCode.OK, await AskDurablyAsync(one));
        await using TestSilo three = await StartAsync(server.Address, ServerProcess.FreePort());
        await TogetherAsync(one, two, three);
    }

    private static async Task<HttpStatusCode> AskDurablyAsync(TestSilo silo)
    {
        (string path, string body) = Requests.All["sampled"];
        using HttpResponseMessage response = await silo.PostAsync(path, body, (Server.DurableCalls.Header, "true"));
        return response.StatusCode;
    }

    /// <summary>What is said there without encryption is not understood, and ends the connection.</summary>
    private static async Task RefusesPlainTextAsync(int port)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(new byte[64]);
        byte[] answer = new byte[64];
        int read;
        try
        {
            // An alert of TLS at most, and then the end.
            do
                read = await client.GetStream().ReadAsync(answer);
            while (read > 0);
        }
        catch (IOException)
        {
            read = 0;
        }

        Assert.Equal(0, read);
    }

    private Task<TestSilo> StartAsync(string membership, int port, int list = ClusterOptions.FirstPort,
        (string Certificate, string Authority)? paper = null) =>
        TestSilo.StartAsync(_folder.Path, builder => builder.AddSeriatimCluster(cluster =>
        {
            // Patient: two loaded cores may say nothing for longer than a cluster of machines.
            (cluster.Membership, cluster.Port, cluster.ListPort) = (membership, port, list);
            (cluster.Certificate, cluster.Authority) = (paper?.Certificate, paper?.Authority);
            (cluster.Address, cluster.Silence) = (IPAddress.Loopback, TimeSpan.FromSeconds(5));
        }));

    private static Task TogetherAsync(params TestSilo[] silos) => Eventually.Is(() => silos.All(one =>
        one.Services.GetRequiredService<SiloTable>().Read(silo => silo.Models.TryGetValue("tiny", out KnownReplica? known)
            && known.Report.Fingerprint is not null && !silo.IsSilent).Count(told => told) == silos.Length), seconds: 90);

    /// <summary>Requests of the first silo run at the second, with the bytes that they have here.</summary>
    private static async Task ShareAsync(TestSilo one, TestSilo two)
    {
        SiloTable table = one.Services.GetRequiredService<SiloTable>();
        Door door = one.Services.GetRequiredService<Door>();
        long before = Elsewhere(door);
        foreach (string name in new[] { "sampled", "three", "logprobs" })
        {
            (string path, string body) = Requests.All[name];
            one.Core.Route = null;
            string alone = await one.AskAsync(path, body);
            one.Core.Route = door;
            table.Drain(table.Add(door.Own.Name, door.Own, isHere: true));
            Assert.Equal(alone, await one.AskAsync(path, body));
        }

        Assert.True(Elsewhere(door) > before, "Nothing ran at the other silo.");
        Assert.Equal(0, two.Services.GetRequiredService<Replica>().Running);
    }

    /// <summary>What one silo has begun the other goes on with.</summary>
    private static async Task GoOnAsync(TestSilo one, TestSilo two)
    {
        (string path, string body) = Requests.All["sampled"];
        using HttpResponseMessage begun = await one.PostAsync(path, body, (Server.DurableCalls.Header, "true"));
        string whole = await begun.Content.ReadAsStringAsync();
        string[] events = whole.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        using HttpResponseMessage rest = await two.PostAsync(path, body,
            (Server.DurableCalls.LastId, events[9].Split('\n')[0]["id: ".Length..]));
        Assert.Equal(string.Join("\n\n", events[10..]) + "\n\n", await rest.Content.ReadAsStringAsync());
    }

    private static long Elsewhere(Door door) => door.Counts.Read().Single(count => count.Name == "runs_elsewhere_total").Value;

    private static Task StopAsync(TestSilo silo) =>
        silo.Services.GetRequiredService<IHost>().StopAsync(CancellationToken.None);
}
