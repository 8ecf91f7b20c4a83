using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// What an answer depends on besides its request: the weights, the tokenizer, how keys and values are kept, the defaults of
/// requests, and the version of the library. Two servers that agree in it give the same bytes.
/// </summary>
internal static class ModelIdentity
{
    private static readonly ConditionalWeakTable<OpenedModel, ConcurrentDictionary<string, string>> Known = [];

    /// <summary>The version of the library.</summary>
    public static string Version { get; } =
        typeof(OpenedModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>As OpenAI's <c>system_fingerprint</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="adapter">The adapter of it that answers; null: none.</param>
    public static string Of(OpenedModel model, string? adapter) =>
        Known.GetOrCreateValue(model).GetOrAdd(adapter ?? "", _ => Compute(model, adapter));

    private static string Compute(OpenedModel model, string? adapter)
    {
        string all = string.Join('\n', model.Engine.Model.FingerprintOf(adapter), model.Tokenizer.Fingerprint,
            model.EngineOptions.KeyValueType, string.Join(',', model.EngineOptions.SuppressedIds),
            string.Join(',', model.EngineOptions.EndIds), model.Tokenizer.ChatTemplate?.Source, DefaultsOf(model), Version);
        return $"fp_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16]}";
    }

    /// <summary>What a request gets that says nothing; in the words of saved states, to the last bit.</summary>
    private static string DefaultsOf(OpenedModel model) => JsonSerializer.Serialize(
        model.Defaults.ApplyTo(new GenerationRequest { Prompt = new int[] { 0 } }), StateJson.Default.GenerationRequest);
}
