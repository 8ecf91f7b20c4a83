namespace Seriatim.Server;

/// <summary>What each answer of OpenAI's API and each of its chunks begins with.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">OpenAI's <c>object</c>.</param>
/// <param name="Created">When it was asked for, in seconds since 1970.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Fingerprint">What the answer depends on beside the request.</param>
internal sealed record AnswerHead(string Id, string Kind, long Created, string Model, string Fingerprint)
{
    public static AnswerHead Of(ApiCall call, RunningJob job, string prefix, string kind) =>
        new($"{prefix}-{call.Number}", kind, call.Created, job.Model, job.Fingerprint);
}
