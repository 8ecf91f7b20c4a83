using System.Diagnostics;
using Seriatim.Tensors;

namespace Seriatim.Peers;

/// <summary>
/// Runs a work by turns: a round is the limits of the machine, then every peer once, in an order that turns round from round to
/// round, so that what the machine's other guests do meets all of them.
/// </summary>
internal sealed class TurnRunner(MachineProbe probe, int rounds, Action<string> say)
{
    private const int MostWarmUps = 10;

    private readonly List<double> _reads = [];
    private readonly List<double> _multiplyAdds = [];

    /// <summary>Bytes read a second / 1e9, in all rounds so far.</summary>
    public Figure ReadGigabytes => Figure.Of(_reads);

    /// <summary>F32 operations a second / 1e9, in all rounds so far.</summary>
    public Figure FmaGigaflops => Figure.Of(_multiplyAdds);

    public void Limits()
    {
        MachineSpeed speed = probe.Measure();
        _reads.Add(speed.ReadBytesPerSecond / 1e9);
        _multiplyAdds.Add(2 * speed.F32MultiplyAddsPerSecond / 1e9);
    }

    public IEnumerable<PeerLine> Run(PeerWork work)
    {
        Runner[] runners = [.. work.Entries.Select(entry => new Runner(entry.Peer, entry.Open, work.Parts.Count))];
        try
        {
            foreach (Runner runner in runners)
            {
                say($"{work.Parts[0].Name}: {runner.Peer} "
                    + $"begins{(runner.Missing is null ? "" : $" and cannot: {runner.Missing}")}");
                WarmUp(runner);
            }

            for (int round = 0; round < rounds; round++)
            {
                Limits();
                for (int i = 0; i < runners.Length; i++)
                    runners[(i + round) % runners.Length].Run(counts: true);
                say($"{work.Parts[0].Name}: round {round + 1} of {rounds}");
            }

            return [.. Enumerable.Range(0, work.Parts.Count)
                .SelectMany(part => runners.Select(runner => Line(work.Parts[part], part, runner, runners[0])))];
        }
        finally
        {
            foreach (Runner runner in runners)
                runner.Dispose();
        }
    }

    /// <summary>
    /// What runs for a moment only runs some times before it counts, so that what is compiled while it runs has been: nobody's
    /// second call is measured against somebody's hundredth.
    /// </summary>
    private static void WarmUp(Runner runner)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < MostWarmUps && (i == 0 || Stopwatch.GetElapsedTime(start).TotalSeconds < 3); i++)
            runner.Run(counts: false);
    }

    private static PeerLine Line(WorkPart part, int index, Runner runner, Runner ours)
    {
        double[] seconds = runner.Seconds(index), own = ours.Seconds(index);
        string? note = runner.Missing ?? runner.Note(index);
        if (seconds.Length == 0 || seconds.Any(double.IsNaN))
        {
            return new PeerLine(part.Name, runner.Peer, runner.Version, part.Unit, null, null,
                note ?? "it does not do this part");
        }
        Figure? ratio = runner == ours || own.Length != seconds.Length || own.Any(double.IsNaN)
            ? null
            : Figure.Of(seconds.Zip(own, (theirs, mine) => theirs / mine));
        return new PeerLine(part.Name, runner.Peer, runner.Version, part.Unit, Figure.Of(seconds.Select(part.Figure)),
            ratio, note);
    }

    /// <summary>A peer that came up, or why it did not. Who fails in a round is missing from then on.</summary>
    private sealed class Runner : IDisposable
    {
        private readonly IContender? _contender;
        private readonly List<double>[] _seconds;

        public Runner(string peer, Func<IContender> open, int parts)
        {
            Peer = peer;
            _seconds = [.. Enumerable.Range(0, parts).Select(_ => new List<double>())];
            try
            {
                _contender = open();
                Version = _contender.Version;
            }
            catch (Exception failure)
            {
                Missing = Reason(failure);
            }
        }

        public string Peer { get; }

        public string Version { get; private set; } = "";

        public string? Missing { get; private set; }

        public double[] Seconds(int part) => Missing is null ? [.. _seconds[part]] : [];

        public string? Note(int part) => _contender?.Note(part);

        public void Run(bool counts)
        {
            if (_contender is null || Missing is not null)
                return;
            try
            {
                double[] seconds = _contender.Run();
                Version = _contender.Version; // some know it only when they have run
                for (int part = 0; counts && part < seconds.Length; part++)
                    _seconds[part].Add(seconds[part]);
            }
            catch (Exception failure)
            {
                Missing = Reason(failure);
            }
        }

        public void Dispose() => _contender?.Dispose();

        /// <summary>What a loader of libraries says stands innermost.</summary>
        private static string Reason(Exception failure)
        {
            while (failure.InnerException is { } inner)
                failure = inner;
            string first = failure.Message.Split('\n')[0].Trim();
            return first.Length <= 200 ? first : first[..200] + "...";
        }
    }
}
