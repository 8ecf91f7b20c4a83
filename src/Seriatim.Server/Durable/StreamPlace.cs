using System.Globalization;

namespace Seriatim.Server;

/// <summary>
/// A place in a durable stream, as the ids of its events tell it: the request's number, and how many events of each answer have
/// come. Of several answers which comes next is a matter of load, so one number would not tell the same place everywhere.
/// </summary>
internal static class StreamPlace
{
    private const int MostAnswers = 4096;

    /// <summary>The id of the event after which so many have come.</summary>
    public static string Write(string number, IEnumerable<int> counts) =>
        $"{number}:{string.Join('.', counts.Select(count => count.ToString(CultureInfo.InvariantCulture)))}";

    /// <summary>Reads an id.</summary>
    /// <exception cref="ApiException">It is none of ours.</exception>
    public static (string Number, int[] Counts) Read(string id)
    {
        string[] halves = id.Split(':');
        if (halves is [{ Length: 32 } number, var places] && number.All(char.IsAsciiHexDigitLower))
        {
            string[] texts = places.Split('.', MostAnswers + 1);
            var counts = new int[texts.Length];
            if (texts.Length <= MostAnswers && texts.Index().All(one =>
                int.TryParse(one.Item, NumberStyles.None, CultureInfo.InvariantCulture, out counts[one.Index])))
            {
                return (number, counts);
            }
        }

        throw ApiException.Invalid($"{DurableCalls.LastId} is no id of an event of this server; send the last one that came, or "
            + "leave it out to ask anew.", DurableCalls.LastId, "invalid_value");
    }
}
