using System.Security.Cryptography;
using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Serving;

/// <summary>What goes wrong with requests for items, so many times.</summary>
internal sealed class FaultSwitch
{
    private readonly Lock gate = new();
    private readonly List<(GatewayFault Fault, int Left)> waiting = [];

    public void Add(GatewayFault fault)
    {
        lock (gate)
        {
            waiting.Add((fault, fault.Times));
        }
    }

    public void Clear()
    {
        lock (gate)
        {
            waiting.Clear();
        }
    }

    /// <summary>The fault for a request of this method, if one is left.</summary>
    public GatewayFault? Take(string method)
    {
        lock (gate)
        {
            var at = waiting.FindIndex(one => (one.Fault.Method is null || one.Fault.Method == method) && RandomNumberGenerator.GetInt32(100) < one.Fault.Percent);
            if (at < 0)
            {
                return null;
            }

            var (fault, left) = waiting[at];
            if (left == 1)
            {
                waiting.RemoveAt(at);
            }
            else
            {
                waiting[at] = (fault, left - 1);
            }

            return fault;
        }
    }

    /// <summary>The body of the route <c>/_gateway/faults</c>.</summary>
    public static GatewayFault Parse(byte[] body)
    {
        try
        {
            var sent = JsonElement.Parse(body);
            return new(
                Enum.Parse<GatewayFaultKind>(sent.GetProperty("kind").GetString()!, ignoreCase: true), sent.GetProperty("times").GetInt32(),
                TimeSpan.FromMilliseconds(sent.TryGetProperty("milliseconds", out var wait) ? wait.GetInt32() : 0),
                sent.TryGetProperty("method", out var method) ? method.GetString() : null,
                sent.TryGetProperty("percent", out var percent) ? percent.GetInt32() : 100);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw GatewayException.BadRequest("A fault has a kind (throttled, unavailable, slow, answerLost), times, milliseconds, a method and a percent.");
        }
    }
}
