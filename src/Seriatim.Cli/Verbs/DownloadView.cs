using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>
/// How far a download is: a bar with bytes, speed and time left, on terminals only, and gone at the end. Speed is that of the
/// last ten seconds, and what was there before does not count.
/// </summary>
internal sealed class DownloadView(TimeProvider? clock = null) : IProgress<DownloadProgress>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Queue<(long Time, long Done)> _samples = new();
    private readonly Lock _lock = new();
    private DownloadProgress? _last;
    private long _resumes;

    /// <inheritdoc/>
    public void Report(DownloadProgress value)
    {
        lock (_lock)
        {
            // A file that is there already, or the part of one, is a jump and no speed.
            if (_last is not { } last || last.File != value.File || value.Done < last.Done)
                _samples.Clear();
            long now = _clock.GetTimestamp();
            _samples.Enqueue((now, value.Done));
            while (_samples.Count > 2 && _clock.GetElapsedTime(_samples.Peek().Time, now) > Window)
                _samples.Dequeue();
            _resumes = value.Pause > TimeSpan.Zero ? now + (long)(value.Pause.TotalSeconds * _clock.TimestampFrequency) : 0;
            _last = value;
        }
    }

    /// <summary>Done, of how much, and the line beside the bar, cut to a width.</summary>
    public (long Done, long Total, string Text) Describe(int width)
    {
        lock (_lock)
        {
            if (_last is not { } last)
                return (0, 0, "asking the hub");
            if (_resumes > 0 && _clock.GetTimestamp() < _resumes)
            {
                int left = (int)Math.Ceiling(_clock.GetElapsedTime(_clock.GetTimestamp(), _resumes).TotalSeconds);
                return (last.Done, last.Total, $"the hub is busy; again in {left} s");
            }

            string text = $"{Terminal.Bytes(last.Done)} of {Terminal.Bytes(last.Total)}";
            if (Speed() is { } speed and > 0)
                text += $"  {Terminal.Bytes((long)speed)}/s  {Time(TimeSpan.FromSeconds((last.Total - last.Done) / speed))} left";
            int room = width - text.Length - 2;
            string file = last.File.Length <= room ? last.File + "  " : room >= 16 ? $"...{last.File[^(room - 3)..]}  " : "";
            return (last.Done, last.Total, file + text);
        }
    }

    /// <summary>Shows the bar until the work has ended, however it did.</summary>
    public async Task ShowAsync(Task work)
    {
        bool shown = !Console.IsErrorRedirected && Terminal.Progress.Profile.Capabilities.Ansi;
        if (!shown || await Task.WhenAny(work, Task.Delay(Patience)) == work)
        {
            await Task.WhenAny(work);
            return;
        }

        int width = Terminal.Progress.Profile.Width, bar = Math.Clamp(width - 60, 8, 40);
        Progress progress = Terminal.Progress.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn { Width = bar }, new TaskDescriptionColumn { Alignment = Justify.Left });
        await progress.StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("", maxValue: 1);
            while (!work.IsCompleted)
            {
                (long done, long total, string text) = Describe(width - bar - 4);
                task.IsIndeterminate = total == 0;
                (task.MaxValue, task.Value, task.Description) = (Math.Max(1, total), done, text.EscapeMarkup());
                await Task.WhenAny(work, Task.Delay(Interval));
            }
        });
    }

    private double? Speed()
    {
        if (_samples.Count < 2)
            return null;
        (long firstTime, long firstDone) = _samples.Peek();
        (long lastTime, long lastDone) = _samples.Last();
        double seconds = _clock.GetElapsedTime(firstTime, lastTime).TotalSeconds;
        return seconds < 0.5 ? null : (lastDone - firstDone) / seconds;
    }

    private static string Time(TimeSpan time) => time.TotalDays >= 10 ? "days" : time.TotalHours >= 1
        ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
}
