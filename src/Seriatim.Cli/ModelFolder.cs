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
        var latest = new Latest();
        Task<string> work = run(new ModelHub(), latest);
        await LiveProgress.ShowAsync(work, () => latest.Text);
        return await work;
    }

    /// <summary>Unlike <see cref="Progress{T}"/> it keeps reports in their order.</summary>
    private sealed class Latest : IProgress<DownloadProgress>
    {
        private volatile string _text = "asking the hub";

        public string Text => _text;

        public void Report(DownloadProgress value) => _text = $"{value.File}  {Terminal.Bytes(value.Done)} of {Terminal.Bytes(value.Total)}";
    }
}
