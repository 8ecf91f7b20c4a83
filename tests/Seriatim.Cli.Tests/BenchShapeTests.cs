using System.Text.Json.Nodes;
using Seriatim.Models;

namespace Seriatim.Cli.Tests;

/// <summary>
/// Every shape of bench is a model that can be built; what does not fit into memory is refused with both numbers.
/// </summary>
public sealed class BenchShapeTests
{
    public static TheoryData<string> Names => [.. BenchShapes.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_shape_with_fewer_layers_is_built(string name)
    {
        using Model model = BenchShapes.Make(name, "q4_0", config =>
        {
            JsonObject json = JsonNode.Parse(config)!.AsObject();
            json["num_hidden_layers"] = 2;
            json["vocab_size"] = 256;
            foreach (string experts in (string[])["num_local_experts", "n_routed_experts"])
            {
                if (json.ContainsKey(experts))
                    json[experts] = 6;
            }

            return json.ToJsonString();
        });
        Assert.Equal(ModelTask.CausalLanguageModel, model.Spec.Task);
        Assert.NotEmpty(model.Matrices);
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_numbers()
    {
        var failure = Assert.Throws<UserErrorException>(() => BenchShapes.Make("mixtral-8x7b", "f32"));
        Assert.Contains("mixtral-8x7b has 46.7 billion values, about", failure.Message);
    }
}
