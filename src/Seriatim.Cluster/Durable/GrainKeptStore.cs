using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace Seriatim.Cluster;

/// <summary>
/// The storage of grains, asked without grains: a record is found by its number from any silo at once, where the directory of
/// grains would first have to learn that the silo with the grain is dead.
/// </summary>
/// <param name="storage">The storage.</param>
/// <param name="cluster">Name of the cluster: others that share the store do not see its records.</param>
/// <param name="patience">How long it may take to answer.</param>
internal sealed class GrainKeptStore(IGrainStorage storage, string cluster, TimeSpan patience) : IKeptStore
{
    /// <summary>Name of the storage among the silo's.</summary>
    public const string Name = "seriatim-durable";

    private const string Kind = "durable";

    /// <summary>How often to try where somebody writes at the same time.</summary>
    private const int Tries = 5;

    public bool ThrowsAway { get; private init; }

    /// <summary>A silo's.</summary>
    /// <param name="services">Its services.</param>
    /// <param name="options">Of the cluster.</param>
    /// <param name="throwsAway">Whether the storage throws away what is over its time.</param>
    public static GrainKeptStore Of(IServiceProvider services, ClusterOptions options, bool throwsAway) => new(
        services.GetRequiredKeyedService<IGrainStorage>(Name), options.Name, options.StorePatience)
    {
        ThrowsAway = throwsAway,
    };

    public async Task<(KeptRecord Record, string Tag)?> ReadAsync(string number)
    {
        var state = new GrainState<KeptRecord>(new KeptRecord());
        await storage.ReadStateAsync(Kind, IdOf(number), state).WaitAsync(patience).ConfigureAwait(false);
        return state is { RecordExists: true, State.Body.Length: > 0 } ? (state.State, state.ETag ?? "") : null;
    }

    public async Task<string> WriteAsync(string number, KeptRecord record, string? tag)
    {
        var state = new GrainState<KeptRecord>(record, tag) { RecordExists = tag is not null };
        try
        {
            await storage.WriteStateAsync(Kind, IdOf(number), state).WaitAsync(patience).ConfigureAwait(false);
            return state.ETag ?? "";
        }
        catch (InconsistentStateException failure)
        {
            throw new KeptTakenException(failure);
        }
    }

    public async Task ClearAsync(string number)
    {
        for (int tries = Tries; ; tries--)
        {
            GrainState<KeptRecord> state = new(new KeptRecord());
            await storage.ReadStateAsync(Kind, IdOf(number), state).WaitAsync(patience).ConfigureAwait(false);
            if (!state.RecordExists)
                return;
            try
            {
                await storage.ClearStateAsync(Kind, IdOf(number), state).WaitAsync(patience).ConfigureAwait(false);
                return;
            }
            catch (InconsistentStateException) when (tries > 1)
            {
                // Whoever has it has just stored what came.
            }
        }
    }

    private GrainId IdOf(string number) => GrainId.Create($"{Kind}-{cluster}", number);
}
