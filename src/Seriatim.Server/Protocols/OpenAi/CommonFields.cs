namespace Seriatim.Server;

/// <summary>Fields of OpenAI's that say who asks and how the service is paid, which no answer depends on.</summary>
internal static class CommonFields
{
    /// <summary>The model's row.</summary>
    public static Field<T> Model<T>(Action<T, string> set) => new()
    {
        Name = "model",
        Kinds = JsonKinds.String,
        Doc = "The model, by a name or alias of `/v1/models`. May be missing where the server has one model only.",
        Example = "\"stories\"",
        Read = (request, value) => set(request, value.Text),
    };

    /// <summary>The rows.</summary>
    public static IEnumerable<Field<T>> Rows<T>() =>
    [
        Without<T>("user", JsonKinds.String, "\"me\"", "Names the end user to the service; nothing here depends on it."),
        Without<T>("safety_identifier", JsonKinds.String, "\"me\"", "As `user`."),
        Without<T>("metadata", JsonKinds.Object, "{\"run\": \"7\"}", "The client's own notes; `x-request-id` finds a request "
            + "again."),
        Without<T>("prompt_cache_key", JsonKinds.String, "\"chat 7\"",
            "Prompts are found by what they are; `cache_salt` keeps them apart."),
        Refused<T>("store", JsonKinds.Boolean, "true", ["false"], "answers are not stored."),
        Refused<T>("service_tier", JsonKinds.String, "\"flex\"", ["\"auto\"", "\"default\""],
            "there is one tier; `priority` lets others go first."),
    ];

    public static Field<T> Without<T>(string name, JsonKinds kinds, string example, string why) => new()
    {
        Name = name,
        Kinds = kinds,
        Fate = FieldFate.WithoutEffect,
        Doc = why,
        Example = example,
    };

    public static Field<T> Refused<T>(string name, JsonKinds kinds, string example, string[] neutral, string why) => new()
    {
        Name = name,
        Kinds = kinds,
        Fate = FieldFate.Refused,
        Neutral = neutral,
        Doc = why,
        Example = example,
    };
}
