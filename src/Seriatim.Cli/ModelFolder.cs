namespace Seriatim.Cli;

/// <summary>Finds a model by what the user calls it, and shows how far a download is.</summary>
internal static class ModelFolder
{
    public static Task<string> ResolveAsync(string name, CancellationToken cancellation)
    {
        if (new ModelHub().NoticeOf(name) is { } notice)
            Terminal.Note(notice);
        return WithProgress((hub, progress) => hub.ResolveAsync(name, progress, cancellation));
    }

    public static Task<string> PullAsync(string id, CancellationToken cancellation) =>
        WithProgress((hub, progress) => hub.PullAsync(id, progress, cancellation));

    private static async Task<string> WithProgress(Func<ModelHub, IProgress<DownloadProgress>, Task<string>> run)
    {
        var view = new DownloadView();
        Task<string> work = run(new ModelHub(), view);
        await view.ShowAsync(work);
        return await work;
    }
}
