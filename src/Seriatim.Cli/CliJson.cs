using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Seriatim.Lab;
using Seriatim.Simulation;

namespace Seriatim.Cli;

/// <summary>The objects that <c>--json</c> prints, snake_case, one a line, letters of all languages as they are.</summary>
[JsonSerializable(typeof(ModelReport))]
[JsonSerializable(typeof(StagePlan))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(GenerationLine))]
[JsonSerializable(typeof(EncodingReport))]
[JsonSerializable(typeof(ChatLine))]
[JsonSerializable(typeof(EmbeddingLine))]
[JsonSerializable(typeof(FillLine))]
[JsonSerializable(typeof(ClassLine))]
[JsonSerializable(typeof(TagLine))]
[JsonSerializable(typeof(AnswerLine))]
[JsonSerializable(typeof(PulledModel))]
[JsonSerializable(typeof(ScoreLine))]
[JsonSerializable(typeof(ServeLine))]
[JsonSerializable(typeof(TrainLine))]
[JsonSerializable(typeof(TranslationLine))]
[JsonSerializable(typeof(DistilledPair))]
[JsonSerializable(typeof(QuantizationReport))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(RemovedModel))]
[JsonSerializable(typeof(ModelSummary))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(FailedLine))]
[JsonSerializable(typeof(LabEntry))]
[JsonSerializable(typeof(LabReport))]
[JsonSerializable(typeof(ClusterLabReport))]
[JsonSerializable(typeof(MeasuredPrice))]
[JsonSerializable(typeof(SavedMessage[]))]
[JsonSerializable(typeof(string))]
internal sealed partial class CliJson : JsonSerializerContext
{
    public static CliJson Lines { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
