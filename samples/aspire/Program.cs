// A cluster of `seriatim serve` as an Aspire app: so many silos, which find each other on this machine or in a store.
//   dotnet run --project samples/aspire                                                three silos, at ports 8081 to 8083
//   dotnet run --project samples/aspire -- --silos 4 --model FOLDER                    four, with a model of yours
//   dotnet run --project samples/aspire -- --dashboard false                           ... without Aspire's page
//   dotnet run --project samples/aspire -- --ConnectionStrings:cluster redis://HOST    in Redis (or PostgreSQL)
using Microsoft.Extensions.Configuration;

bool hasDashboard = new ConfigurationBuilder().AddCommandLine(args).Build().GetValue("dashboard", true);
IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(
    new DistributedApplicationOptions { Args = args, DisableDashboard = !hasDashboard });
int silos = builder.Configuration.GetValue("silos", 3);
int port = builder.Configuration.GetValue("port", 8081);
string name = builder.Configuration.GetValue("name", "aspire");
string model = builder.Configuration.GetValue("model", "stories");
if (silos < 1)
{
    Console.Error.WriteLine($"--silos is {silos}; 1 or more is needed.");
    return 2;
}

// Silos run in a folder of their own.
if (Path.Exists(model))
    model = Path.GetFullPath(model);
bool hasStore = builder.Configuration.GetConnectionString("cluster") is not null;
IResourceBuilder<IResourceWithConnectionString>? store = hasStore ? builder.AddConnectionString("cluster") : null;
IResourceBuilder<ProjectResource>? first = null;
for (int i = 0; i < silos; i++)
{
    IResourceBuilder<ProjectResource> silo = builder.AddProject<Projects.Seriatim_Cli>($"silo-{i + 1}")
        .WithHttpEndpoint(port + i, name: "http")
        .WithHttpHealthCheck("/ready");
    EndpointReference http = silo.GetEndpoint("http");
    silo.WithArgs(context =>
    {
        foreach (object one in (object[])["serve", "-m", model, "--host", "127.0.0.1", "--port",
            http.Property(EndpointProperty.TargetPort), "--cluster-name", name,
            "--cluster", store is null ? "localhost" : store.Resource.ConnectionStringExpression])
        {
            context.Args.Add(one);
        }
    });

    // Without a store the first silo keeps the list of the others.
    if (store is null && first is not null)
        silo.WaitFor(first);
    first ??= silo;
}

await builder.Build().RunAsync();
return 0;
