using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace RetentionPipeline.Stores.Tests.Ledgers;

/// <summary>What is told of a container's policy, and by whom.</summary>
internal static class WormPolicy
{
    /// <summary>The service itself says whether there is one, not which.</summary>
    public static HttpResponseMessage Describe(bool isThere)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent([]) };
        response.Content.Headers.LastModified = DateTimeOffset.UnixEpoch;
        response.Headers.ETag = new EntityTagHeaderValue("\"0x1\"");
        response.Headers.Add("x-ms-has-immutability-policy", isThere ? "true" : "false");
        return response;
    }

    /// <summary>Blob Containers - Get Immutability Policy, of the resource manager: a container without one has days of 0.</summary>
    public static HttpResponseMessage Manage(int days, bool isLocked, bool allowsAppends) => new(HttpStatusCode.OK)
    {
        Content = JsonContent.Create(new
        {
            properties = new
            {
                immutabilityPeriodSinceCreationInDays = days,
                state = days > 0 && isLocked ? "Locked" : "Unlocked",
                allowProtectedAppendWrites = days > 0 ? allowsAppends : (bool?)null,
            },
        }),
    };
}
