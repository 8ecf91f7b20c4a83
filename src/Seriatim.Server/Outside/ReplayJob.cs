using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// Prompts that are to be run again, as any other job: what they are allowed is the server's and the key's to say. Priority and
/// time, which no byte depends on, are not the record's.
/// </summary>
/// <param name="model">The model's name.</param>
/// <param name="fingerprint">What the answers followed from, beside the requests.</param>
/// <param name="prompts">The prompts.</param>
internal sealed class ReplayJob(string model, string fingerprint, IReadOnlyList<ReplayedPrompt> prompts) : IJob
{
    public string? Model => model;

    public IReadOnlyList<ReplayedPrompt> Prompts => prompts;

    public JobPlan Plan(ModelUse use)
    {
        if (use.Fingerprint != fingerprint)
        {
            throw new ApiException(new ApiError(409, ApiError.InvalidRequest,
                $"The request was answered by {fingerprint}, and {model} is {use.Fingerprint} here: other weights, options or "
                    + "version. Only the same ones give the same bytes.", "fingerprint_mismatch", "system_fingerprint"));
        }

        return new JobPlan
        {
            Operation = "replay",
            Requests = [.. prompts.Select(prompt => prompt.Request with
            {
                Tokenizer = use.Opened.Tokenizer,
                Seed = prompt.Seed,
                Priority = 0,
                Timeout = null,
            })],
        };
    }
}
