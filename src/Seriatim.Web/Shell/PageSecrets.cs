using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Seriatim.Web.Shell;

/// <summary>
/// For an app that is nothing but the server: what encrypts its cookies and circuits lives as long as it does, and nothing of it
/// is to be found on a disk.
/// </summary>
internal static class PageSecrets
{
    public static void KeepInMemory(IServiceCollection services)
    {
        services.AddDataProtection().UseEphemeralDataProtectionProvider();

        // At its start it would write a key that nobody needs any more into the user's folder.
        foreach (ServiceDescriptor warming in services.Where(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(IDataProtectionBuilder).Assembly).ToArray())
        {
            services.Remove(warming);
        }
    }
}
