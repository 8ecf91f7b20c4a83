using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Web.Calls;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Shell;

/// <summary>What to do on this page about what the API refuses, by its codes; its own message says what is wrong.</summary>
internal static class FailureHints
{
    private static readonly Text Shorter = new(
        "Nothing is lost: shorten or edit what you said, ask for fewer new tokens, or begin a new conversation.",
        "内容都还在：请缩短或修改您的话、减少新词元数，或新建会话。");

    private static readonly Text OtherModel = new("Choose another model above.", "请在上方选择其他模型。");

    private static readonly Text TextOrModel = new(
        "Change the text, or choose another model above.", "请修改文本，或在上方选择其他模型。");

    private static readonly Text Later = new("Try again in a moment.", "请稍后再试。");

    private static readonly Dictionary<string, Text> Table = new(StringComparer.Ordinal)
    {
        ["context_length_exceeded"] = Shorter,
        ["request_too_large"] = Shorter,
        ["body_too_large"] = Shorter,
        ["model_not_found"] = OtherModel,
        ["wrong_task"] = OtherModel,
        ["no_chat_template"] = OtherModel,
        ["model_load_failed"] = OtherModel,
        ["no_memory"] = new(
            "Unload a model (view Models), or wait until one is not used any more.",
            "请卸载一个模型（“模型”视图），或等到有模型不再使用。"),
        ["queue_full"] = Later,
        ["draining"] = Later,
        ["rate_limit_exceeded"] = Later,
        ["invalid_api_key"] = new("Load the page again; it will ask for the key.", "请重新载入页面，它会询问密钥。"),
        ["pull_not_allowed"] = new("Start it with: seriatim serve --allow-pull", "请用此命令启动：seriatim serve --allow-pull"),
    };

    /// <summary>What to do; null: the message says it all. Some endpoints (ollama's) tell a status and no code.</summary>
    public static Text? Of(Exception failure) => failure switch
    {
        ApiFailure { Code: { } code } => Table.GetValueOrDefault(code),
        ApiFailure { Status: 404 } => OtherModel,
        ApiFailure { Status: 503 } => Later,
        PromptTooLongException or TextTooLongException => Table["context_length_exceeded"],
        ModelTaskException => TextOrModel,
        ModelException or ModelFormatException or ModelHubException => OtherModel,
        HostMemoryException => Table["no_memory"],
        _ => null,
    };

    /// <summary>All of them, for the test of texts.</summary>
    public static IEnumerable<Text> All => Table.Values;
}
