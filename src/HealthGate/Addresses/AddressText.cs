using System.Net;
using System.Runtime.InteropServices;

namespace AnycastVip.HealthGate.Addresses;

/// <summary>What is said about addresses: each refusal with its remedy. Pure.</summary>
internal static class AddressText
{
    // errno values of Linux.
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int NotSupported = 95;
    private const int FamilyNotSupported = 97;

    /// <summary>Why a request failed.</summary>
    /// <param name="verb">"add" or "remove".</param>
    /// <param name="address">The address.</param>
    /// <param name="interfaceName">Where.</param>
    /// <param name="errorNumber">The errno.</param>
    /// <param name="kernelText">The kernel's own words; may be empty.</param>
    public static string Failure(
        string verb, IPAddress address, string interfaceName, int errorNumber, string kernelText)
    {
        var cause = kernelText.Length > 0 ? kernelText : Marshal.GetPInvokeErrorMessage(errorNumber);
        var remedy = errorNumber switch
        {
            NotPermitted => "; give this process CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN)",
            AccessDenied or NotSupported or FamilyNotSupported =>
                $"; enable IPv6 (sysctl -w net.ipv6.conf.{interfaceName}.disable_ipv6=0) or take IPv6 out of the VIP",
            _ => "",
        };
        return $"cannot {verb} {address} on {interfaceName}: {cause}{remedy}";
    }

    /// <summary>Why an address of somebody else is refused.</summary>
    public static string Foreign(InterfaceAddress holder, string holderName) =>
        $"{holder.Address} is on {holderName} already and was not put there by this program; remove it " +
        $"(ip address delete {holder.Address}/{holder.PrefixLength} dev {holderName}) or take it out of the VIP";

    /// <summary>Why there is no place for addresses.</summary>
    public static string NoInterface(string name) =>
        $"interface {name} does not exist; create it (ip link add {name} type dummy) or set another one";

    /// <summary>An address that was ours is gone.</summary>
    public static string Lost(IPAddress address, string interfaceName) =>
        $"{address} was removed from {interfaceName} by somebody else";

    /// <summary>An address is absent and nobody tried to add it since.</summary>
    public static string Absent(IPAddress address, string interfaceName) => $"{address} is not on {interfaceName}";
}
