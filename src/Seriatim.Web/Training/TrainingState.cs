using System.Text.Json.Serialization;

namespace Seriatim.Web.Training;

/// <summary>How a run is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrainingState>))]
internal enum TrainingState
{
    /// <summary>Vocabulary and data are made ready.</summary>
    Preparing,

    /// <summary>It is known what it will take, and it waits to be started.</summary>
    Ready,

    /// <summary>It trains.</summary>
    Running,

    /// <summary>It ends after the step under way, with a checkpoint.</summary>
    Stopping,

    /// <summary>It was stopped and can go on.</summary>
    Stopped,

    /// <summary>It has done all of its steps.</summary>
    Done,

    /// <summary>It went wrong.</summary>
    Failed,
}
