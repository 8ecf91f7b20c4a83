namespace Seriatim.Cli.Tests;

/// <summary>What stands beside the bar of a download.</summary>
public sealed class DownloadViewTests
{
    private const long Total = 5_000_000_000;

    private readonly Clock _clock = new();

    [Fact]
    public void Bytes_speed_and_time_left_are_those_of_the_last_seconds()
    {
        var view = new DownloadView(_clock);
        Assert.Equal("asking the hub", view.Describe(100).Text);
        view.Report(new DownloadProgress { File = "model.safetensors", Done = 1_000_000_000, Total = Total });

        // What was there before is no speed.
        Assert.Equal("model.safetensors  1000.0 MB of 5000.0 MB", view.Describe(100).Text);
        for (int i = 1; i <= 30; i++)
        {
            _clock.Seconds = i;
            view.Report(new DownloadProgress { File = "model.safetensors", Done = 1_000_000_000 + (i * (i <= 15 ? 10_000_000L : 20_000_000L)), Total = Total });
        }

        (long done, long total, string text) = view.Describe(100);
        Assert.Equal((1_600_000_000, Total), (done, total));
        Assert.Equal("model.safetensors  1600.0 MB of 5000.0 MB  20.0 MB/s  2:50 left", text);
        string bare = view.Describe(48).Text;
        Assert.DoesNotContain("model", bare);
        Assert.StartsWith("...l.safetensors  1600", view.Describe(bare.Length + 18).Text);
        Assert.Equal(bare.Length + 18, view.Describe(bare.Length + 18).Text.Length);
    }

    [Fact]
    public void A_pause_counts_down()
    {
        var view = new DownloadView(_clock);
        view.Report(new DownloadProgress { File = "a", Done = 10, Total = 20, Pause = TimeSpan.FromSeconds(12) });
        _clock.Seconds = 2.5;
        Assert.Equal("the hub is busy; again in 10 s", view.Describe(80).Text);
        _clock.Seconds = 13;
        Assert.Equal("a  10 B of 20 B", view.Describe(80).Text);
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => (long)(Seconds * TimeSpan.TicksPerSecond);
    }
}
