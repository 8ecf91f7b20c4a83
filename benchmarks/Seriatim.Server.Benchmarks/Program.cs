using Seriatim.Server.Benchmarks;

// What the server costs, and what it bears.
//   overhead [--streams N]   tokens/s through HTTP against the library, by turns, and to the first token (135M shape, q8_0)
//   first [--rounds N]       the time to the first token alone, and where it goes
//   constrained [--sequences N] [--rounds N]   tokens/s with a JSON schema against those without, through the library
//   view [--streams N] [--rounds N]   tokens/s with the page's engine view open against those without (chromium, if it is here)
//   load [--minutes M] [--connections N]   mixed requests, clients that go away, slow readers: errors, memory, equality
Dictionary<string, double> flags = new(StringComparer.Ordinal);
for (int i = 1; i + 1 < args.Length; i += 2)
{
    if (!args[i].StartsWith("--", StringComparison.Ordinal) || !double.TryParse(args[i + 1], out double value) || value <= 0)
        return Usage($"'{args[i]} {args[i + 1]}' is no flag with a number above zero.");
    flags[args[i][2..]] = value;
}

return args switch
{
    ["overhead", ..] => await HttpOverhead.RunAsync(flags.TryGetValue("streams", out double streams) ? [(int)streams] : [16, 64]),
    ["first", ..] => await HttpOverhead.FirstAsync((int)flags.GetValueOrDefault("rounds", 100)),
    ["constrained", ..] => await Constrained.RunAsync(
        (int)flags.GetValueOrDefault("sequences", 16), (int)flags.GetValueOrDefault("rounds", 7)),
    ["view", ..] => await OpenView.RunAsync(
        (int)flags.GetValueOrDefault("streams", 1), (int)flags.GetValueOrDefault("rounds", 9)),
    ["load", ..] => await LoadTest.RunAsync(
        TimeSpan.FromMinutes(flags.GetValueOrDefault("minutes", 10)), (int)flags.GetValueOrDefault("connections", 1000)),
    _ => Usage("Say what is to be measured."),
};

static int Usage(string problem)
{
    Console.Error.WriteLine($"{problem} There are: overhead [--streams N], first [--rounds N], "
        + "constrained [--sequences N] [--rounds N], view [--streams N] [--rounds N], load [--minutes M] [--connections N].");
    return 2;
}
