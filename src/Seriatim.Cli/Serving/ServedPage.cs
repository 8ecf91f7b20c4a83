using System.Diagnostics.CodeAnalysis;
using Seriatim.Server;
using Seriatim.Web;
using Seriatim.Web.Shell;

namespace Seriatim.Cli;

/// <summary>The page, where this build of the program has it: what is compiled ahead as a whole serves the API alone.</summary>
internal static class ServedPage
{
    /// <summary>Whether there is a page; a native build (see the project) has none, and all of it is left out of it.</summary>
    [FeatureSwitchDefinition("Seriatim.Page")]
    [FeatureGuard(typeof(RequiresUnreferencedCodeAttribute))]
    [FeatureGuard(typeof(RequiresDynamicCodeAttribute))]
#pragma warning disable IL4000 // The project switches it off in native builds, which the analyzer does not see.
    public static bool Exists => !AppContext.TryGetSwitch("Seriatim.Page", out bool isThere) || isThere;
#pragma warning restore IL4000

    /// <summary>The page as a part of the server's app; null: there is none.</summary>
    /// <param name="allowsTraining">Whether it trains models and runs the lab.</param>
    public static ServerAppPart? Part(bool allowsTraining)
    {
        if (!Exists)
            return null;
        return new ServerAppPart(builder =>
        {
            if (!Exists)
                return;
            builder.Services.AddSeriatimPage(page => page.AllowsTraining = allowsTraining);
            PageSecrets.KeepInMemory(builder.Services);
        }, app =>
        {
            if (Exists)
                app.MapSeriatimPage();
        });
    }
}
