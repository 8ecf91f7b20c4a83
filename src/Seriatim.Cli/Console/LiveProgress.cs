using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>
/// A line on standard error that says how far work is: from its second second on, on terminals only, and gone at the end.
/// </summary>
internal static class LiveProgress
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Returns when the work has ended, however it did.</summary>
    public static async Task ShowAsync(Task work, Func<string> describe)
    {
        bool shown = !Console.IsErrorRedirected && Terminal.Progress.Profile.Capabilities.Ansi;
        if (!shown || await Task.WhenAny(work, Task.Delay(Patience)) == work)
        {
            await Task.WhenAny(work);
            return;
        }

        Progress progress = Terminal.Progress.Progress().AutoClear(true).Columns(new SpinnerColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left });
        await progress.StartAsync(async context =>
        {
            ProgressTask task = context.AddTask(describe().EscapeMarkup());
            while (!work.IsCompleted)
            {
                task.Description = describe().EscapeMarkup();
                await Task.WhenAny(work, Task.Delay(Interval));
            }
        });
    }
}
