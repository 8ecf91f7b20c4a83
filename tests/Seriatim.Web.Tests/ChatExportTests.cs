using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Web.Calls;
using Seriatim.Web.Chat;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Tests;

/// <summary>What can be taken away from a conversation, and answers as the page has them made.</summary>
public sealed class ChatExportTests
{
    private const string Text = "It's \"1 < 2\" & $HOME `x` \\n 猫";

    [CurlFact]
    public async Task The_command_is_the_request_that_the_page_sends()
    {
        await using PageServer server = await PageServer.StartAsync();
        var settings = new ChatSettings { Model = "stories", Temperature = 0, MaxTokens = 12 };
        var conversation = new ChatConversation("c");
        ChatTurn said = conversation.Add(null, false, settings);
        said.Say(Text);
        ChatTurn answer = await AnswerAsync(server, conversation, said, settings);
        Assert.Equal(ChatState.Done, answer.State);
        JsonObject body = ChatRequests.OfText(settings, [said]);
        string command = ChatExport.Curl(server.Url, ChatRequests.Text, body, needsKey: false);
        using Process shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync();
        string text = string.Concat(output.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => ChatDelta.Read(JsonElement.Parse(line[6..])).Text));
        Assert.Equal(answer.Text, text);
        Assert.True(text.Length > 0, output);
    }

    [Fact]
    public void A_key_stands_in_no_text() => Assert.Contains("Bearer $SERIATIM_API_KEY",
        ChatExport.Curl("http://x/", ChatRequests.Text, [], needsKey: true));

    [Fact]
    public void Markdown_says_who_said_what()
    {
        var conversation = new ChatConversation("c");
        var settings = new ChatSettings { Model = "m" };
        ChatTurn said = conversation.Add(null, false, settings);
        said.Say("Hello\n");
        conversation.Add(said, true, settings).Force([new ChatToken(1, " there", null, [])]);
        Assert.Equal("**You:** Hello\n\n**m:** there\n\n",
            ChatExport.Markdown(conversation.Path, "You").ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Limits_of_a_key_hold_for_the_page()
    {
        await using PageServer server = await PageServer.StartAsync(options => options.ApiKeys.Add(
            new Server.ApiKeyOptions { Key = "sk-few", Limits = new Server.ClientLimits { RequestsPerMinute = 1 } }));
        var settings = new ChatSettings { Model = "stories", MaxTokens = 2 };
        var conversation = new ChatConversation("c");
        ChatTurn said = conversation.Add(null, false, settings);
        said.Say("Once");
        ChatTurn refused = await AnswerAsync(server, conversation, said, settings);
        Assert.Equal(401, refused.Failure?.Status);
        ChatTurn first = await AnswerAsync(server, conversation, said, settings, "sk-few");
        Assert.Equal(ChatState.Done, first.State);
        ChatTurn second = await AnswerAsync(server, conversation, said, settings, "sk-few");
        Assert.Equal(429, second.Failure?.Status);
    }

    private static async Task<ChatTurn> AnswerAsync(
        PageServer server, ChatConversation conversation, ChatTurn said, ChatSettings settings, string? key = null)
    {
        var session = new PageSession();
        session.Begin(new PageStart(Texts.Language.English, false, key));
        var api = new PageApi(server.Services.GetRequiredService<ServerAddress>(), session);
        ChatTurn answer = server.Services.GetRequiredService<ChatRunner>().Answer(api, conversation, said, settings)!;
        for (int i = 0; answer.IsRunning || conversation.IsRunning; i++)
        {
            Assert.True(i < 6000, "The answer does not end.");
            await Task.Delay(20);
        }

        return answer;
    }
}
