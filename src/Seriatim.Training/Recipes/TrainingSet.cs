using System.Text;

namespace Seriatim.Training;

/// <summary>The data of a recipe, tokenised: what is trained on and what is held back.</summary>
internal sealed class TrainingSet : IDisposable
{
    private readonly List<TokenCache> _caches = [];
    private readonly List<(RecipeData File, TokenCache Cache)> _validationFiles = [];
    private readonly TrainingRecipe _recipe;
    private readonly Objective _objective;
    private readonly Tokenizer _tokenizer;
    private long? _validationBytes;

    public TrainingSet(TrainingRecipe recipe, Objective objective, Tokenizer tokenizer, byte[] tokenizerFile, int context,
        CancellationToken cancellation)
    {
        (_recipe, _objective, _tokenizer) = (recipe, objective, tokenizer);
        int most = recipe.MaxLength > 0 ? recipe.MaxLength : context;
        Limits = new ExampleLimits(objective.LongestSource(most), objective.LongestTarget(most), recipe.LongSequences,
            objective.Overlap);
        BadLines = new BadLines(recipe.MaxBadLines);
        var training = new List<DataSource>();
        var validation = new List<DataSource>();
        foreach (RecipeData file in recipe.TrainFiles)
        {
            DataSource source = Open(file, tokenizerFile, cancellation);
            if (recipe.ValidationSplit > 0)
            {
                (source, DataSource held) = source.Split(recipe.ValidationSplit);
                validation.Add(held with { Weight = null });
                _validationFiles.Add((file, held.Cache));
            }

            training.Add(source);
        }

        foreach (RecipeData file in recipe.ValidationFiles)
        {
            validation.Add(Open(file, tokenizerFile, cancellation) with { Weight = null });
            _validationFiles.Add((file, validation[^1].Cache));
        }

        Drawer = new ExampleDrawer(training, Limits, recipe.Seed);
        Validation = validation.Count == 0 ? [] : new ExampleDrawer(validation, Limits, recipe.Seed).InOrder();
    }

    public BadLines BadLines { get; }

    public ExampleLimits Limits { get; }

    public ExampleDrawer Drawer { get; }

    public IReadOnlyList<ExamplePiece> Validation { get; }

    /// <summary>Ids of the longest source of the data.</summary>
    public int LongestSource => _caches.Max(cache => cache.LongestOf(field: 0));

    /// <summary>Ids of the longest target of the data.</summary>
    public int LongestTarget => _caches.Max(cache => cache.LongestOf(field: 1));

    /// <summary>
    /// Says which data these are, whatever folder they lie in: of the training files, then of the validation files.
    /// </summary>
    public IReadOnlyList<string> Keys => [.. _caches.Select(c => c.Key)];

    /// <summary>The validation examples of each file that has some.</summary>
    public IEnumerable<(RecipeData File, IReadOnlyList<ExamplePiece> Pieces)> ValidationFiles() =>
        _validationFiles.Select(v => (v.File, (IReadOnlyList<ExamplePiece>)[.. Validation.Where(p => p.Cache == v.Cache)]))
            .Where(v => v.Item2.Count > 0);

    public BatchLoader NewLoader() => new(Drawer, _recipe.Packing, _objective.RowsOf, _recipe.Seed);

    /// <summary>Bytes of UTF-8 that the labels of the validation data stand for; 0 where that has no sense.</summary>
    public long ValidationBytes() => _validationBytes ??= _objective switch
    {
        NextTokenObjective => Validation.Sum(p => Bytes(p.Source[1..])),
        SequenceToSequenceObjective => Validation.Sum(p => Bytes(p.Target)),
        _ => 0,
    };

    public void Dispose()
    {
        foreach (TokenCache cache in _caches)
            cache.Dispose();
    }

    private long Bytes(ReadOnlySpan<int> ids) => Encoding.UTF8.GetByteCount(_tokenizer.Decode(ids));

    private DataSource Open(RecipeData file, byte[] tokenizerFile, CancellationToken cancellation)
    {
        if (_objective.NeedsTargets != (file.File.TargetField is not null))
        {
            throw new RecipeException($"{file.File.Path}: the objective {_recipe.Objective} "
                + $"{(_objective.NeedsTargets ? "needs a" : "takes no")} \"target\".");
        }
        TokenCache cache = TokenCacheBuilder.OpenOrBuild(
            _recipe.CacheFolder, file.File, _tokenizer, tokenizerFile,
            _objective.FramesPieces ? _recipe.Encoding with { AddSpecialTokens = false } : _recipe.Encoding, BadLines,
            cancellation);
        _caches.Add(cache);
        return new DataSource(cache, file.Weight) { File = file.File };
    }
}
