namespace Seriatim.Lab;

/// <summary>Memory that requests of mixed lengths hold and do not use, counted in the pages of a real pool.</summary>
internal sealed class PagingExperiment : Experiment
{
    private const int Longest = 2048;
    private const int Usual = 16;
    private const int Copies = 4;

    /// <summary>Means of prompts and answers of a chat service (Kwon et al., 2023, figure 11: ShareGPT).</summary>
    private const double MeanPrompt = 161, MeanAnswer = 338;

    public override string Name => "paging";

    public override LabText Title => new("Memory in pages", "分页的内存");

    public override LabText Claim => new(
        "Reserving the longest length wastes most of the memory; pages waste under 4 %, and samples and beams share theirs.",
        "按最大长度预留会浪费大部分内存;分页的浪费低于 4 %,且多个采样和束之间可以共享页。");

    public override string Source => "Kwon et al., 2023: PagedAttention, sections 3.1, 4.4, 6.3";

    public override string Formula =>
        "waste of a sequence = (P - 1) / 2; pages of n samples = s + n (ceil(length / P) - s), s = floor(prompt / P)";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtLeast("waste-longest", new("reserving wastes at least 60 %", "预留浪费至少 60 %"), 0.6, 0.3),
        Expectation.AtMost("waste-pages-16", new("pages of 16 waste at most 4 %", "16 个位置的页最多浪费 4 %"), 0.04, 0.1),
        new("waste-ratio", new("pages of 16: counted / formula is 0.75 to 1.33", "16 个位置的页:计数 / 公式为 0.75 至 1.33"),
            0.75, 1.33, 0.4, 1.8),
        Expectation.AtLeast("room-gain", new("pages hold at least twice as many sequences", "分页可容纳至少 2 倍的序列"), 2, 1.2),
        Expectation.Exactly("samples-ratio",
            new($"pages of {Copies} samples: counted / formula is 1", $"{Copies} 个采样的页:计数 / 公式为 1"), 1),
        Expectation.AtLeast("beams-saved", new($"{Copies} beams save at least 30 % of the pages", $"{Copies} 个束节省至少 30 % 的页"),
            0.3, 0.05),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using LanguageModel opened = await run.OpenAsync("stories");
        FullAttention.LayersOf(opened.Model.Spec);
        int[] lengths = Lengths(run, opened.Model);
        Waste(run, opened.Model, lengths);
        await ShareAsync(run, opened);
    }

    /// <summary>Pages that sequences hold: each is given room and committed, as after a pass.</summary>
    /// <param name="model">Whose pages.</param>
    /// <param name="lengths">Positions of each sequence.</param>
    /// <param name="pageSize">Positions of a page.</param>
    internal static int PagesOf(Model model, IReadOnlyList<int> lengths, int pageSize)
    {
        using MemoryPools pools = model.NewMemoryPools(pageSize, lengths.Sum(n => n / pageSize + 1), type: KeyValueType.F16);
        SequenceMemory[] memories = [.. lengths.Select(_ => pools.NewMemory())];
        for (int i = 0; i < memories.Length; i++)
        {
            memories[i].Prepare(lengths[i]);
            memories[i].Commit(lengths[i]);
        }

        int held = pools[0].Units - pools[0].Free;
        foreach (SequenceMemory memory in memories)
            memory.Dispose();
        return held;
    }

    private static void Waste(LabRun run, Model model, int[] lengths)
    {
        double used = lengths.Sum();
        var names = new List<LabText>();
        var shares = new List<double>();
        var rows = new List<IReadOnlyList<string>>();
        void Add(string key, LabText name, double held)
        {
            double share = 1 - used / held;
            run.Count($"waste-{key}", share, "", new($"wasted: {name.English}", $"浪费:{name.Chinese}"));
            names.Add(name);
            shares.Add(100 * share);
            rows.Add([name.English, $"{held:N0}",
                $"{held * model.BytesPerPositionIn(KeyValueType.F16) / 1048576:N1}", $"{share:P1}"]);
        }

        Add("longest", new($"longest, {Longest:N0}", "最大长度"), (double)lengths.Length * Longest);
        Add("padding", new("padded to the longest of the batch", "填充到批内最长"), (double)lengths.Length * lengths.Max());
        foreach (int pageSize in (int[])[64, 32, Usual, 8, 4])
        {
            run.Say($"pages of {pageSize}");
            double held = (double)PagesOf(model, lengths, pageSize) * pageSize;
            Add($"pages-{pageSize}", new($"pages of {pageSize}", $"{pageSize} 个位置的页"), held);
            if (pageSize != Usual)
                continue;
            run.Count("waste-ratio", (held - used) / lengths.Length / ((Usual - 1) / 2.0), "x",
                new("positions wasted by a sequence: counted / (P - 1) / 2", "每个序列浪费的位置:计数 / (P - 1) / 2"));
            run.Count("room-gain", lengths.Length * Longest / held, "x", new("reserved / held in pages", "预留 / 分页占用"));
        }

        run.Add(new LabTable(new($"{lengths.Length} sequences of {used:N0} positions", $"{lengths.Length} 个序列,共 {used:N0} 个位置"),
            [new("room", "方式"), new("positions held", "占用位置"), new("MiB in F16", "F16 MiB"), new("wasted", "浪费")], rows,
                Timed: false)
        {
            Names = names,
        });
        run.Plot = new LabPlot(new("Memory held and not used", "占用而未使用的内存"), new("", ""), new("% wasted", "浪费 %"),
            [new(new("wasted", "浪费"), [.. Enumerable.Range(0, shares.Count).Select(i => (double)i)], shares)])
        { Names = names };
    }

    /// <summary>Samples and beams of one prompt in a running engine, against as many requests that share nothing.</summary>
    private static async Task ShareAsync(LabRun run, LanguageModel opened)
    {
        int prompt = Math.Min(run.Pick(36, 100, 100), opened.Model.Spec.Context / 2),
            answer = Math.Min(run.Pick(24, 40, 60), opened.Model.Spec.Context / 4);
        var model = new CountedModel(new LoadedModel(opened.Model, run.Ops));
        var request = new GenerationRequest
        {
            Prompt = LabPrompts.Ids(opened.Tokenizer, prompt),
            MaxNewTokens = answer,
            EndIds = [],
            Seed = run.Seed,
        };
        int samples = await MostAsync(run, model, request with { Count = Copies }, 1);
        int beams = await MostAsync(run, model, request with { Beam = new BeamOptions { Beams = Copies } }, 1);
        int alone = await MostAsync(run, model, request, Copies);
        int length = prompt + answer - 1, whole = prompt / Usual; // the last new token goes through no pass
        int formula = whole + Copies * ((length + Usual - 1) / Usual - whole);
        run.Count("samples-ratio", (double)samples / formula, "x", new("pages of samples: counted / formula", "采样的页:计数 / 公式"));
        run.Count("samples-saved", 1 - (double)samples / alone, "", new($"saved by {Copies} samples", $"{Copies} 个采样节省"));
        run.Count("beams-saved", 1 - (double)beams / alone, "", new($"saved by {Copies} beams", $"{Copies} 个束节省"));
        (LabText Name, int Pages)[] rows =
        [
            (new($"{Copies} requests", $"{Copies} 个请求"), alone), (new($"{Copies} samples", $"{Copies} 个采样"), samples),
            (new("samples by the formula", "采样(公式)"), formula), (new($"{Copies} beams", $"{Copies} 个束"), beams),
        ];
        run.Add(new LabTable(
            new($"Most pages of {Usual} at once: prompt {prompt}, {answer} new tokens", $"同时占用的最多页数:提示 {prompt},新词元 {answer}"),
            [new("what", "内容"), new("pages", "页数")],
            [.. rows.Select(row => (IReadOnlyList<string>)[row.Name.English, $"{row.Pages}"])], Timed: false)
        {
            Names = [.. rows.Select(row => row.Name)],
        });
    }

    private static async Task<int> MostAsync(LabRun run, CountedModel model, GenerationRequest request, int copies)
    {
        run.Say("sharing");
        using var engine = new GenerationEngine(model, new EngineOptions
        {
            PageSize = Usual,
            Pages = 4 + Copies * (request.Prompt.Length + request.MaxNewTokens!.Value + Usual) / Usual + Copies,
            PrefixCache = false,
            StepTime = Timeout.InfiniteTimeSpan,
        });
        await LabSteps.TogetherAsync(engine, model, [.. Enumerable.Repeat(request, copies)], run.Cancellation);
        return model.MostUnits;
    }

    private static int[] Lengths(LabRun run, Model model)
    {
        var random = new Random((int)run.Seed);
        int wanted = run.Pick(24, 64, 128);
        long each = model.BytesPerPositionIn(KeyValueType.F16) * (long)(MeanPrompt + MeanAnswer);
        int count = (int)Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8 / each, 4, wanted);
        if (count < wanted)
            run.Note(new($"{count} sequences instead of {wanted}: more do not fit.", $"{count} 个序列而非 {wanted} 个:内存不足。"));
        return [.. Enumerable.Range(0, count).Select(_ => Math.Min(Longest, 2 + Draw(MeanPrompt) + Draw(MeanAnswer)))];

        int Draw(double mean) => (int)(-mean * Math.Log(1 - random.NextDouble()));
    }
}
