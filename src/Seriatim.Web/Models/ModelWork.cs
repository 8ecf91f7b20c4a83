using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Models;
using Seriatim.Server;
using Seriatim.Web.Calls;
using Seriatim.Web.Texts;
using Seriatim.Web.Work;

namespace Seriatim.Web.Models;

/// <summary>Fetches models and writes them with fewer bits, one beside another; everybody who looks sees how far it is.</summary>
internal sealed class ModelWork(ServerCore core, LongWork work)
{
    /// <summary>How many that have ended are still told of.</summary>
    private const int MostTold = 8;

    private readonly Lock _gate = new();
    private readonly List<ModelTask> _tasks = [];

    /// <summary>All that run, and the last ones that ran.</summary>
    public IReadOnlyList<ModelTask> Tasks
    {
        get
        {
            lock (_gate)
                return [.. _tasks];
        }
    }

    /// <summary>Whether models may be fetched and written.</summary>
    public bool IsAllowed => core.Options.AllowsPulling;

    /// <summary>Where written ones lie; null: nowhere, the server was given no folder.</summary>
    public string? Folder => core.Options.ModelsFolder;

    /// <summary>The mixes that a model can be written in.</summary>
    public static IReadOnlyCollection<string> Mixes => QuantizationMix.Names;

    /// <summary>Fetches a model from the hub.</summary>
    public void Pull(PageApi api, string model) => Start(new ModelTask(model, isPull: true), async task =>
    {
        var body = new JsonObject { ["model"] = model };
        await foreach (JsonElement line in api.StreamAsync("api/pull", body, task.Stopped).ConfigureAwait(false))
        {
            task.Status = line.GetProperty("status").GetString() ?? "";
            task.Part = line.TryGetProperty("total", out JsonElement total) && total.GetInt64() > 0
                ? line.GetProperty("completed").GetInt64() / (double)total.GetInt64() : null;
        }
    });

    /// <summary>Writes a model with fewer bits into the server's folder, and offers it.</summary>
    /// <exception cref="SeriatimException">It may not be, it is there already, or something else takes the cores.</exception>
    public void Quantize(string model, string mix)
    {
        if (!IsAllowed)
            throw new SaidException(ModelsTexts.NotAllowed);
        if (Folder is not { } folder)
            throw new SaidException(ModelsTexts.NoFolder);

        string name = $"{Safe(model)}-{mix.ToLowerInvariant()}", path = Path.Combine(folder, $"{name}.gguf");
        if (File.Exists(path) || core.Models.TryFind(name) is not null)
            throw new SaidException(ModelsTexts.IsThere, name);
        ServedModel served = core.Models.Find(model);
        served.RequireNoAdapter();
        string source = served.Source;
        IDisposable place = work.Begin(WorkTexts.Quantizing);
        Start(new ModelTask($"{model} → {name}", isPull: false), async task =>
        {
            using IDisposable held = place;
            string found = await new ModelHub().ResolveAsync(source, cancellationToken: task.Stopped).ConfigureAwait(false);
            ModelConverter.ToGguf(found, path, QuantizationMix.Parse(mix),
                report => task.Status = $"{report.Name}: {report.Type}");
            core.Models.Offer(path, name);
        });
    }

    private void Start(ModelTask task, Func<ModelTask, Task> run)
    {
        lock (_gate)
        {
            foreach (ModelTask old in _tasks.Where(one => !one.IsRunning).Reverse().Skip(MostTold).ToArray())
                _tasks.Remove(old);
            _tasks.Insert(0, task);
        }

        task.Ended = Task.Run(async () =>
        {
            try
            {
                await run(task).ConfigureAwait(false);
                task.IsDone = true;
            }
            catch (OperationCanceledException)
            {
                lock (_gate)
                    _tasks.Remove(task);
            }
            catch (SeriatimException failure)
            {
                task.Failure = failure;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or HttpRequestException)
            {
                task.Failure = new ApiFailure(500, null, failure.Message);
            }
            catch (Exception defect)
            {
                // Nobody waits for this task: what is not told here is told nowhere.
                task.Failure = new SaidException(ModelsTexts.Broke, defect.Message);
            }
            finally
            {
                task.Dispose();
            }
        });
    }

    /// <summary>A name of the hub has a stroke in it, and a file's has none.</summary>
    private static string Safe(string model) =>
        string.Concat(model.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));
}
