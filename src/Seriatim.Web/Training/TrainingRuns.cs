using System.Text;
using Seriatim.Training;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Training;

/// <summary>
/// The folder of runs and the recipes of this server. Names of folders are ours: what users type is in files alone.
/// </summary>
/// <param name="options">Where they are.</param>
internal sealed class TrainingRuns(SeriatimPageOptions options)
{
    private readonly string _folder = options.FolderFor("training");

    /// <summary>All runs of the folder, the newest first.</summary>
    public IReadOnlyList<TrainingRun> Read() => !Directory.Exists(_folder) ? []
        : [.. Directory.EnumerateDirectories(_folder).Select(TrainingRun.Read).OfType<TrainingRun>()
            .OrderByDescending(run => run.Record.Created)];

    /// <summary>Recipes whose files are here, by the names of their folders.</summary>
    public IReadOnlyList<string> Recipes() => RecipesFolder() is not { } folder ? []
        : [.. Directory.EnumerateDirectories(folder).Where(IsUsable)
            .Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>Makes the folder of a run.</summary>
    /// <exception cref="SaidException">It cannot be written.</exception>
    public TrainingRun Create(TrainingRecord record)
    {
        string id = $"{record.Created:yyyyMMdd-HHmmss}-{Guid.NewGuid().ToString("N")[..6]}";
        var run = new TrainingRun(Path.Combine(_folder, id), record);
        try
        {
            Directory.CreateDirectory(run.Folder);
            run.Change(own => own);
            return run;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SaidException(TrainingTexts.NotWritten, failure.Message);
        }
    }

    /// <summary>Writes the text and the recipe of a plan into the folder of its run.</summary>
    /// <exception cref="SaidException">They cannot be written.</exception>
    public static void Write(TrainingRun run, TrainingPlan plan, string text)
    {
        try
        {
            File.WriteAllText(Path.Combine(run.Folder, TrainingPlan.TextName), text, new UTF8Encoding(false));
            File.WriteAllText(Path.Combine(run.Folder, TrainingPlan.RecipeName), plan.ToRecipe(text).ToJsonString());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SaidException(TrainingTexts.NotWritten, failure.Message);
        }
    }

    /// <summary>The recipe that a run follows, with all that it writes in the folder of the run.</summary>
    /// <exception cref="SaidException">It was one of the server's, which is gone.</exception>
    /// <exception cref="RecipeException">It cannot be read.</exception>
    public TrainingRecipe RecipeOf(TrainingRun run)
    {
        if (run.Record.Recipe is not { } name)
            return TrainingRecipe.Load(Path.Combine(run.Folder, TrainingPlan.RecipeName));

        // Only what is found in the folder of recipes: a name is compared, and never made part of a path.
        string folder = Recipes().Contains(name) ? Path.Combine(RecipesFolder()!, name)
            : throw new SaidException(TrainingTexts.RecipeGone, name);
        TrainingRecipe recipe = TrainingRecipe.Load(Path.Combine(folder, TrainingPlan.RecipeName));
        bool makesTokenizer = recipe.TrainTokenizer is not null && !File.Exists(recipe.Tokenizer);
        return recipe with
        {
            OutputFolder = run.Folder,
            CacheFolder = Path.Combine(run.Folder, "cache"),
            Tokenizer = makesTokenizer ? Path.Combine(run.Folder, "tokenizer", "tokenizer.json") : recipe.Tokenizer,
        };
    }

    private string? RecipesFolder() => options.RecipesFolder is { } said
        ? (Directory.Exists(said) ? Path.GetFullPath(said) : null)
        : new[] { Path.Combine(AppContext.BaseDirectory, "recipes"), Path.GetFullPath("recipes") }
            .FirstOrDefault(Directory.Exists);

    private static bool IsUsable(string folder)
    {
        string file = Path.Combine(folder, TrainingPlan.RecipeName);
        if (!File.Exists(file))
            return false;
        try
        {
            TrainingRecipe recipe = TrainingRecipe.Load(file);
            return recipe.TrainTokenizer is not null || File.Exists(recipe.Tokenizer);
        }
        catch (Exception problem) when (problem is SeriatimException or IOException or UnauthorizedAccessException)
        {
            // Its data are not here, which `seriatim train` says in words.
            return false;
        }
    }
}
