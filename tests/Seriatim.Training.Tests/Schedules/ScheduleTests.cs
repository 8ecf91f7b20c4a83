using System.Text.Json;

namespace Seriatim.Training.Tests;

public sealed class ScheduleTests
{
    [SharedFact]
    public void Schedules_equal_the_reference()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Shared.Path("golden", "schedules", "schedules.json")));
        JsonElement root = json.RootElement;
        double peak = root.GetProperty("lr").GetDouble();
        long warmup = root.GetProperty("warmup_steps").GetInt64(), total = root.GetProperty("total_steps").GetInt64();
        foreach (JsonProperty property in root.GetProperty("schedules").EnumerateObject())
        {
            LearningRateSchedule schedule = property.Name switch
            {
                "constant_with_warmup" => new ConstantSchedule(peak, warmup),
                "linear" => new LinearSchedule(peak, warmup, total),
                "cosine" => new CosineSchedule(peak, warmup, total),
                "cosine_hard_restarts_2" => new CosineRestartsSchedule(peak, warmup, total, 2),
                "polynomial_power2_end1e_7" => new PolynomialSchedule(peak, warmup, total, 2),
                "inverse_sqrt" => new InverseSqrtSchedule(peak, warmup),
                _ => throw new NotSupportedException($"no schedule for {property.Name}"),
            };
            double[] expected = [.. property.Value.EnumerateArray().Select(v => v.GetDouble())];
            for (int step = 0; step < expected.Length; step++)
                Assert.Equal(expected[step], schedule.RateAt(step), 1e-15);
        }
    }

    [Fact]
    public void Noam_peaks_at_the_end_of_the_warm_up()
    {
        var noam = new NoamSchedule(1, 512, 4000);
        Assert.Equal(Math.Pow(512, -0.5) * Math.Pow(4000, -0.5), noam.RateAt(3999), 1e-12);
        Assert.Equal(Math.Pow(512, -0.5) * Math.Pow(4000, -1.5), noam.RateAt(0), 1e-15);
        Assert.Equal(noam.Peak, noam.RateAt(3999), 1e-12);
        Assert.Equal(noam.RateAt(3999) / 2, noam.RateAt(15999), 1e-12);
    }

    [Fact]
    public void The_others_end_where_they_say()
    {
        Assert.Equal(1e-5, new CosineSchedule(1e-3, 10, 100, 1e-5).RateAt(500), 1e-15);
        var wsd = new WarmupStableDecaySchedule(1, 10, 20, 10, 0.1, DecayShape.Linear);
        Assert.Equal([0.5, 1, 1, 0.55, 0.1, 0.1], [.. new long[] { 5, 10, 30, 35, 40, 90 }.Select(s => Math.Round(wsd.RateAt(s), 12))]);
        Assert.Equal(0.5, (wsd with { Minimum = 0, Shape = DecayShape.Sqrt, StableSteps = 0, DecaySteps = 40 }).RateAt(20), 1e-12);
        Assert.Equal(0, new LinearSchedule(1, 0, 10).RateAt(10));
    }
}
