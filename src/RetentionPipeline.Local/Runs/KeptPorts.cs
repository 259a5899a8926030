using System.Net;
using System.Net.Sockets;

namespace RetentionPipeline.Local.Runs;

/// <summary>
/// Where a run that stays up serves, unless it is told otherwise: the ports that each service's tools look at, and that the
/// sample of the Functions app's settings names.
/// </summary>
internal static class KeptPorts
{
    public const int Blob = 10_000;
    public const int Table = 10_002;
    public const int Cosmos = 8081;
    public const int Bus = 5672;

    /// <summary>The port, or 0 for a free one where something has it.</summary>
    public static int OrFree(int port)
    {
        try
        {
            foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }.Where(address => address != IPAddress.IPv6Loopback || Socket.OSSupportsIPv6))
            {
                using var probe = new TcpListener(address, port);
                probe.Start();
            }

            return port;
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
