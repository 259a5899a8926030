using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>An item with its values of ORDER BY.</summary>
/// <param name="Item">Its number: what sorts items with the same values.</param>
internal sealed record OrderedRow(IReadOnlyList<JsonElement> Values, long Item, byte[] Document);

/// <summary>
/// The order of an ordered query. Items with the same values sort by their number, downwards where the first key does: the
/// SDK counts on it when it goes on.
/// </summary>
internal sealed class RowOrder(IReadOnlyList<SqlOrder> orders) : IComparer<OrderedRow>
{
    public int Compare(OrderedRow? x, OrderedRow? y)
    {
        var order = CompareValues(x!.Values, y!.Values);
        return order != 0 ? order : CompareItems(x.Item, y.Item);
    }

    /// <summary>Is a row yet to come for a client that was at <paramref name="resume"/>?</summary>
    public bool IsBehind(OrderedRow row, SqlResume? resume)
    {
        if (resume is null)
        {
            return true;
        }

        var order = CompareValues(row.Values, resume.Values);
        if (order != 0)
        {
            return order > 0;
        }

        var among = resume.Item is { } item ? CompareItems(row.Item, item) : 0;
        return among > 0 || (among == 0 && !resume.Exclude);
    }

    private int CompareValues(IReadOnlyList<JsonElement> one, IReadOnlyList<JsonElement> other)
    {
        for (var place = 0; place < orders.Count; place++)
        {
            var order = SqlValues.Order(one[place], other[place]);
            if (order != 0)
            {
                return orders[place].Descending ? -order : order;
            }
        }

        return 0;
    }

    private int CompareItems(long one, long other) => orders[0].Descending ? other.CompareTo(one) : one.CompareTo(other);
}
