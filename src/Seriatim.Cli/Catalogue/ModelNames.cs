using System.CommandLine.Completions;

namespace Seriatim.Cli;

/// <summary>Names that complete <c>-m</c>: built-in models and those of the cache.</summary>
internal static class ModelNames
{
    public static IEnumerable<CompletionItem> Complete(CompletionContext context)
    {
        var hub = new ModelHub();
        return hub.BuiltIn.Concat(hub.Cached.Where(model => model.Snapshot is not null).Select(model => model.Id))
            .Select(name => new CompletionItem(name));
    }
}
